/**
 * A service that publishes and handles events until it dies at a named point. The points lie between all side effects of an
 * event's way: of its transaction, of the relay, and of its handling.
 */
import { createDataSource, Database } from '@attune/database';
import { delay } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { Broker } from '../broker';
import type { ConsumerDefinition } from '../define';
import { Messaging } from '../messaging';
import { connectNats } from '../nats';
import { Outbox } from '../outbox';
import { Relay, type OutboxMessage } from '../relay';
import { effectConsumer } from './consumers';
import { commitIntent } from './intents';

const { CRASH_AT: point, DATABASE_URL = '', NATS_URL = '', FIRST_ID = '0', CONSUMER = '' } = process.env;
/** The points are met many times: the process dies at the third, in the middle of its work. */
const MEETINGS = 3;
let met = 0;
const dieAt = (name: string): void => {
  if (name === point && ++met === MEETINGS) process.kill(process.pid, 'SIGKILL');
};
const logger = createLogger('doomed-program', 'error');

async function main(): Promise<void> {
  const dataSource = createDataSource({ url: DATABASE_URL, schema: 'messages', applicationName: 'doomed-program' });
  const database = new Database(await dataSource.initialize());
  const connection = await connectNats({ url: NATS_URL, name: 'doomed-program', logger });
  if (point === 'in a handler' || point === 'after handling') {
    const messaging = {
      service: 'models',
      database: dyingAfterCommit(database),
      connection,
      logger,
      ackWaitMs: 1_000,
    } as const;
    await new Messaging(messaging).start([dyingConsumer()]);
  } else {
    const broker = await Broker.open(connection, logger);
    const publish = (message: OutboxMessage): Promise<void> => publishOrDie(broker, message);
    new Relay({ database, logger, isConnected: () => true, publish }).start();
  }
  const outbox = new Outbox('models');
  for (let id = Number(FIRST_ID); id < Number(FIRST_ID) + 2_000; id++) {
    await commitIntent(database, outbox, id, () => dieAt('before commit'));
    dieAt('after commit');
    await delay(5);
  }
  process.exit(1);
}

async function publishOrDie(broker: Broker, message: OutboxMessage): Promise<void> {
  dieAt('before publish');
  const stored = broker.publish(message);
  if (point === 'after publish') setImmediate(() => dieAt('after publish'));
  await stored;
  dieAt('after acknowledgement');
}

/** Dies in its transaction, when the effect is written and not committed. */
function dyingConsumer(): ConsumerDefinition {
  const consumer = effectConsumer(CONSUMER);
  return {
    ...consumer,
    prepare: async (event, context) => {
      const effect = await consumer.prepare(event, context);
      return async (tx) => {
        await effect(tx);
        // Time for whatever was sent too early to leave the process.
        if (point === 'in a handler') await delay(20);
        dieAt('in a handler');
      };
    },
  };
}

/** Dies when a transaction has been committed, before anybody hears of it. */
function dyingAfterCommit(database: Database): Database {
  const run = database.runInTransaction.bind(database);
  database.runInTransaction = async (scope, fn, options) => {
    const result = await run(scope, fn, options);
    if ((result as { kind?: string } | undefined)?.kind === 'handled') dieAt('after handling');
    return result;
  };
  return database;
}

void main();
