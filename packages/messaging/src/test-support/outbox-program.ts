/**
 * A service that publishes one event and dies at a named point. Its four points lie between all side effects of publishing:
 * before the commit, after it, after the message was sent, and after the broker said that it is stored.
 */
import { createDataSource, Database } from '@attune/database';
import { createLogger } from '@attune/observability';
import { Broker } from '../broker';
import { connectNats } from '../nats';
import { Outbox } from '../outbox';
import { Relay, type OutboxMessage } from '../relay';
import { deleted, organizationId } from './events';

const point = process.env.CRASH_AT;
const dieAt = (name: string): void => {
  if (name === point) process.kill(process.pid, 'SIGKILL');
};

async function main(): Promise<void> {
  const logger = createLogger('outbox-program', 'warn');
  const { DATABASE_URL = '', NATS_URL = '', MODEL_ID } = process.env;
  const dataSource = createDataSource({ url: DATABASE_URL, schema: 'messages', applicationName: 'outbox-program' });
  const database = new Database(await dataSource.initialize());
  const connection = await connectNats({ url: NATS_URL, name: 'outbox-program', logger });
  const broker = await Broker.open(connection, logger);
  const outbox = new Outbox('models');
  const relay = new Relay({
    database,
    logger,
    isConnected: () => true,
    publish: (message) => publish(broker, message),
  });
  await database.runInTransaction({ organizationId }, async (tx) => {
    await outbox.add(tx, 'models.model-deleted.v1', deleted(Number(MODEL_ID)), { aggregateId: MODEL_ID ?? '' });
    dieAt('before commit');
  });
  dieAt('after commit');
  relay.start();
}

async function publish(broker: Broker, message: OutboxMessage): Promise<void> {
  const stored = broker.publish(message);
  if (point === 'after publish') setImmediate(() => dieAt('after publish'));
  await stored;
  dieAt('after acknowledgement');
}

void main();
