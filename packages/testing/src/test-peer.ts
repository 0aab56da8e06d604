import type { Database } from '@attune/database';
import type { Event, EventName, EventPayload, Service } from '@attune/events';
import { newId } from '@attune/kernel';
import {
  connectNats,
  defineConsumer,
  Messaging,
  messagingRowSecurity,
  messagingTables,
  Outbox,
} from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { createTestDatabase, type TestDatabase } from './test-database';

export interface TestPeerSettings {
  /** Whose events it publishes. */
  service: Service;
  natsUrl: string;
  /** Events it keeps in `received`. */
  listensTo?: readonly EventName[];
}

/** Another service on the bus: publishes events and keeps those that it hears, by the platform's own messaging and a schema of its own. */
export class TestPeer {
  readonly received: Event[] = [];

  private constructor(
    private readonly testDatabase: TestDatabase,
    private readonly database: Database,
    private readonly messaging: Messaging,
    private readonly connection: Awaited<ReturnType<typeof connectNats>>,
    private readonly outbox: Outbox,
  ) {}

  static async start({ service, natsUrl, listensTo = [] }: TestPeerSettings): Promise<TestPeer> {
    const migrations = [{ name: '0001-messaging', sql: messagingTables + messagingRowSecurity }];
    const testDatabase = await createTestDatabase({ schema: service, migrations });
    const database = await testDatabase.open();
    const logger = createLogger('test-peer', 'silent');
    const connection = await connectNats({ url: natsUrl, name: `peer ${service}`, logger });
    const messaging = new Messaging({ service, database, connection, logger });
    const peer = new TestPeer(testDatabase, database, messaging, connection, new Outbox(service));
    await messaging.start(listensTo.length === 0 ? [] : [peer.listenerOf(service, listensTo)]);
    return peer;
  }

  /** Publishes an event of this peer's service; the broker has it soon after. */
  async publish<N extends EventName>(name: N, data: EventPayload<N> & { organization_id: string }): Promise<void> {
    const options = { aggregateId: newId(), organizationId: data.organization_id };
    await this.database.runInTransaction('system', (tx) => this.outbox.add(tx, name, data, options));
  }

  /** What has arrived of one event; of one aggregate in the order in which it left. */
  receivedOf<N extends EventName>(name: N): EventPayload<N>[] {
    return this.received.filter((event) => event.name === name).map((event) => event.data as EventPayload<N>);
  }

  /** Leaves the bus and drops its schema. */
  async stop(): Promise<void> {
    await this.messaging.stop();
    await this.connection.close();
    await this.testDatabase.drop();
  }

  private listenerOf(service: Service, names: readonly EventName[]): ReturnType<typeof defineConsumer> {
    const keep = (event: Event): Promise<void> => Promise.resolve(void this.received.push(event));
    return defineConsumer({
      name: `${service}-test-peer`,
      // One after the other: two at once would be kept in the order in which they were handled, not in that in which they came.
      concurrency: 1,
      handlers: Object.fromEntries(names.map((name) => [name, keep])),
    });
  }
}
