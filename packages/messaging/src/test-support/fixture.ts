import type { Database } from '@attune/database';
import type { EventName, EventPayload, Service } from '@attune/events';
import { newId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '@attune/testing';
import type { NatsConnection } from '@nats-io/nats-core';
import type { ConsumerDefinition } from '../define';
import { Messaging, type MessagingSettings } from '../messaging';
import { connectNats } from '../nats';
import { Outbox } from '../outbox';
import { messagingRowSecurity, messagingTables } from '../tables';
import { deleted, organizationId } from './events';
import { intents } from './intents';

export const logger = createLogger('messaging-test', process.env.LOG_LEVEL ?? 'silent');

/** What the handlers of these tests leave behind: one row per handling, so that a second one shows. */
const effects = `CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, consumer text NOT NULL, event_id uuid NOT NULL, item_id text NOT NULL);
CREATE TABLE tally (model_id bigint PRIMARY KEY, total integer NOT NULL);`;

export const migrations = [
  {
    name: '0001-effects',
    sql: `${effects}
${intents}`,
  },
  { name: '0002-messaging', sql: messagingTables + messagingRowSecurity },
];

/** Two services in one process and one database: `models` publishes, the test's consumers handle. */
export class Fixture {
  readonly outbox = new Outbox('models' satisfies Service);
  private readonly running: { messaging: Messaging; connection: NatsConnection }[] = [];

  private constructor(
    readonly server: TestDatabase,
    readonly database: Database,
    readonly nats: TestNats,
  ) {}

  static async create(ownerUrl?: string): Promise<Fixture> {
    const [server, nats] = await Promise.all([
      createTestDatabase({ schema: 'messages', migrations, ...(ownerUrl === undefined ? {} : { ownerUrl }) }),
      startTestNats(),
    ]);
    return new Fixture(server, await server.open(), nats);
  }

  /** A service's messaging as it runs in production, on a connection of its own. */
  async start(consumers: ConsumerDefinition[], settings: Partial<MessagingSettings> = {}): Promise<Messaging> {
    const connection = await connectNats({ url: this.nats.url, name: 'test', logger });
    const messaging = new Messaging({
      service: 'models',
      database: this.database,
      connection,
      logger,
      retryDelaysMs: [20, 50],
      ...settings,
    });
    this.running.push({ messaging, connection });
    await messaging.start(consumers);
    return messaging;
  }

  /** Publishes one event for each model number, each in its own transaction. */
  async publish(modelIds: readonly number[], aggregateId?: string): Promise<string[]> {
    const ids: string[] = [];
    for (const modelId of modelIds)
      ids.push(await this.tell('models.model-deleted.v1', deleted(modelId), aggregateId ?? modelId));
    return ids;
  }

  /** Commits one event and answers its id; it leaves when somebody's messaging runs. */
  tell<N extends EventName>(name: N, payload: EventPayload<N>, aggregateId: string | number): Promise<string> {
    return this.database.runInTransaction({ organizationId }, (tx) =>
      this.outbox.add(tx, name, payload, { aggregateId }),
    );
  }

  /** The model numbers whose effect was committed, in the order of the commits. */
  async effects(consumer: string): Promise<number[]> {
    const rows = await this.database.query<{ item_id: string }>(
      'system',
      'SELECT item_id FROM effect WHERE consumer = $1 ORDER BY id',
      [consumer],
    );
    return rows.map(({ item_id }) => Number(item_id));
  }

  /** The model numbers that somebody committed to tell, in ascending order. */
  async intents(): Promise<number[]> {
    const rows = await this.database.query<{ item_id: string }>(
      'system',
      'SELECT item_id FROM intent ORDER BY item_id',
    );
    return rows.map(({ item_id }) => Number(item_id));
  }

  async count(table: 'failed_event' | 'inbox' | 'outbox', where = 'true'): Promise<number> {
    const [row] = await this.database.query<{ n: number }>(
      'system',
      `SELECT count(*)::int AS n FROM ${table} WHERE ${where}`,
    );
    return row?.n ?? 0;
  }

  /** Ends what one `start` started. */
  async end(messaging: Messaging): Promise<void> {
    const index = this.running.findIndex((one) => one.messaging === messaging);
    for (const { connection } of index < 0 ? [] : this.running.splice(index, 1)) {
      await messaging.stop();
      await connection.close();
    }
  }

  /** Ends everything that `start` started; the servers stay. */
  async stop(): Promise<void> {
    for (const { messaging } of [...this.running]) await this.end(messaging);
  }

  async remove(): Promise<void> {
    await this.stop();
    await Promise.all([this.server.drop(), this.nats.remove()]);
  }
}

/** A consumer's name that no other test uses. */
export const uniqueName = (): string => `test-${newId()}`;

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
