import { delay } from '@attune/kernel';
import { eventually, startTestPostgres, type TestPostgres } from '@attune/testing';
import type { ConsumerDefinition } from './define';
import { effectConsumer, sorted } from './test-support/consumers';
import { organizationId } from './test-support/events';
import { Fixture, range, uniqueName } from './test-support/fixture';

const NAME = 'models.model-deleted.v1';
describe('messaging through outages', () => {
  let cluster: TestPostgres;
  let fixture: Fixture;
  let name: string;

  beforeAll(async () => {
    cluster = await startTestPostgres();
  });
  afterAll(() => cluster.remove());
  beforeEach(async () => {
    fixture = await Fixture.create(cluster.url);
    name = uniqueName();
  });
  afterEach(() => fixture.remove());

  it('a dead PostgreSQL costs no event its attempts, and nothing is lost or doubled', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const quick = effectConsumer(name, undefined, 2);
    const slow: ConsumerDefinition = {
      ...quick,
      prepare: async (event, context) => {
        await gate;
        return quick.prepare(event, context);
      },
    };
    await fixture.start([slow]);
    await fixture.publish(range(20));
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0));
    await cluster.crash();
    open();
    // Long enough for several deliveries of the same events: maxAttempts is 2.
    await delay(6_000);
    await cluster.start();
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(20)), { timeoutMs: 40_000 });
    expect(await fixture.count('failed_event')).toBe(0);
  }, 70_000);

  it('a frozen, then killed broker delays events and loses none', async () => {
    await fixture.start([effectConsumer(name, undefined, 2)]);
    await fixture.publish(range(10));
    fixture.nats.freeze();
    await fixture.publish(range(20).slice(10));
    await delay(500);
    fixture.nats.thaw();
    await fixture.nats.crash();
    await fixture.publish(range(30).slice(20));
    await delay(500);
    await fixture.nats.start();
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(30)), { timeoutMs: 40_000 });
  }, 70_000);

  it('a broker that lost its store gets its streams and consumers back, and re-added events do nothing twice', async () => {
    await fixture.start([effectConsumer(name, undefined, 2)]);
    const addAll = (): Promise<void> =>
      fixture.database.runInTransaction({ organizationId }, async (tx) => {
        for (const n of range(20)) {
          await fixture.outbox.add(
            tx,
            NAME,
            { organization_id: organizationId, model_id: n },
            { aggregateId: n, key: 'state' },
          );
        }
      });
    await addAll();
    await eventually(async () => expect((await fixture.effects(name)).length).toBeGreaterThan(5));
    await fixture.nats.crash();
    await fixture.nats.wipeStore();
    await fixture.nats.start();
    // What a reconciler does: say again what the state says.
    await addAll();
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(20)), { timeoutMs: 40_000 });
    await fixture.publish([21]);
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(21)), { timeoutMs: 40_000 });
  }, 90_000);

  it('does not rely on the duplicate window of the broker', async () => {
    const streams = { duplicateWindowMs: 100 };
    await fixture.start([effectConsumer(name, undefined, 2)], { streams });
    await fixture.publish(range(10));
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(10)));
    await delay(200);
    await fixture.database.runInTransaction('system', (tx) => fixture.outbox.republish(tx, { name: NAME }));
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0));
    await delay(500);
    expect(sorted(await fixture.effects(name))).toEqual(range(10));
  });
});
