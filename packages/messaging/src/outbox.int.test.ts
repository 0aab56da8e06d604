import { delay } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from './nats';
import { Relay, type OutboxMessage } from './relay';
import { effectConsumer } from './test-support/consumers';
import { deleted, organizationId } from './test-support/events';
import { Fixture, logger, range, uniqueName } from './test-support/fixture';

const NAME = 'models.model-deleted.v1';
describe('the outbox', () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await Fixture.create();
  });
  afterAll(() => fixture.remove());
  afterEach(async () => {
    await fixture.stop();
    await fixture.database.query('system', 'DELETE FROM outbox');
  });

  /** A relay that hands messages to the test instead of a broker. */
  const relayTo = (publish: (message: OutboxMessage) => Promise<void>): Relay =>
    new Relay({ database: fixture.database, logger, publish, isConnected: () => true, batchSize: 10 });

  const modelOf = (message: OutboxMessage): number =>
    (JSON.parse(message.envelope) as { data: { model_id: number } }).data.model_id;

  it('sends nothing of a transaction that rolls back', async () => {
    const sent: number[] = [];
    const relay = relayTo((message) => Promise.resolve(void sent.push(modelOf(message))));
    relay.start();
    const failing = fixture.database.runInTransaction({ organizationId }, async (tx) => {
      await fixture.outbox.add(tx, NAME, deleted(1), { aggregateId: 1 });
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await fixture.publish([2]);
    await eventually(() => expect(sent).toEqual([2]));
    await relay.stop();
  });

  it('keeps each aggregate in order with two relays and a broker that fails now and then', async () => {
    const sent = new Map<string, number[]>();
    const publish = async (message: OutboxMessage): Promise<void> => {
      await delay(Math.random() * 3);
      if (Math.random() < 0.05) throw new Error('the broker failed');
      sent.set(message.aggregateId, [...(sent.get(message.aggregateId) ?? []), modelOf(message)]);
    };
    for (const n of range(30)) await fixture.publish([n], `aggregate-${String(n % 3)}`);
    const relays = [relayTo(publish), relayTo(publish)];
    for (const relay of relays) relay.start();
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0), {
      timeoutMs: 25_000,
    });
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const rest of [0, 1, 2]) {
      expect(sent.get(`aggregate-${String(rest)}`)).toEqual(range(30).filter((n) => n % 3 === rest));
    }
  });

  it('sends an event with a key again instead of making a second one', async () => {
    const name = uniqueName();
    await fixture.start([effectConsumer(name)]);
    const first = await fixture.database.runInTransaction({ organizationId }, (tx) =>
      fixture.outbox.add(tx, NAME, deleted(500), { aggregateId: 500, key: 'erase' }),
    );
    await eventually(async () => expect(await fixture.effects(name)).toEqual([500]));
    // Within one transaction: no relay can send it in between.
    const [second, again] = await fixture.database.runInTransaction({ organizationId }, async (tx) => [
      await fixture.outbox.add(tx, NAME, deleted(500), { aggregateId: 500, key: 'erase' }),
      await fixture.outbox.republish(tx, { name: NAME }),
    ]);
    expect([second, again]).toEqual([first, 0]);
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0));
    expect(
      await fixture.database.runInTransaction('system', (tx) => fixture.outbox.republish(tx, { name: NAME })),
    ).toBe(1);
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0));
    await delay(200);
    expect(await fixture.effects(name)).toEqual([500]);
  });

  it('asks again with an event of its own, so that whoever answered it already answers again', async () => {
    const name = uniqueName();
    await fixture.start([effectConsumer(name)]);
    await fixture.database.runInTransaction({ organizationId }, (tx) =>
      fixture.outbox.add(tx, NAME, deleted(501), { aggregateId: 501 }),
    );
    const answers = async (): Promise<number> => (await fixture.effects(name)).filter((id) => id === 501).length;
    await eventually(async () => expect(await answers()).toBe(1));
    await fixture.database.runInTransaction('system', (tx) => fixture.outbox.askAgain(tx, NAME, 501));
    await eventually(async () => expect(await answers()).toBe(2));
  });

  it('refuses an event of another service and a payload that is not of the catalogue', async () => {
    const add = (n: string, data: object): Promise<string> =>
      fixture.database.runInTransaction({ organizationId }, (tx) =>
        fixture.outbox.add(tx, n as typeof NAME, data as ReturnType<typeof deleted>, { aggregateId: 1 }),
      );
    await expect(add('billing.entitlements-changed.v2', {})).rejects.toThrow('models may not publish');
    await expect(add(NAME, { model_id: 'seven' })).rejects.toThrow('model_id');
    expect(await fixture.count('outbox')).toBe(0);
  });
});

describe('streams', () => {
  it('are made with limits, on disk, refusing what does not fit instead of dropping what is old', async () => {
    const fixture = await Fixture.create();
    try {
      await fixture.start([]);
      const connection = await connectNats({ url: fixture.nats.url, name: 'inspector', logger });
      const { config } = await (await jetstreamManager(connection)).streams.info('ATTUNE_MODELS');
      await connection.close();
      expect(config).toMatchObject({
        retention: 'limits',
        storage: 'file',
        discard: 'new',
        deny_delete: true,
        deny_purge: true,
        max_age: 7 * 24 * 3600 * 1e9,
      });
    } finally {
      await fixture.remove();
    }
  });
});
