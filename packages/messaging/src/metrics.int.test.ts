import { register } from '@attune/observability';
import { eventually } from '@attune/testing';
import { Relay } from './relay';
import { effectConsumer } from './test-support/consumers';
import { Fixture, logger, range, uniqueName } from './test-support/fixture';

/** The value of a sample as somebody who scrapes reads it; undefined where there is none. */
async function sample(name: string): Promise<number | undefined> {
  const line = (await register.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

describe('what messaging tells whoever watches it', () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await Fixture.create();
  });
  afterAll(() => fixture.remove());
  afterEach(async () => {
    await fixture.stop();
    await fixture.database.query('system', 'DELETE FROM outbox');
  });

  it('is the age of the oldest unsent event and their number while nothing can be published', async () => {
    await fixture.publish(range(3));
    await fixture.database.query('system', `UPDATE outbox SET created_at = created_at - interval '1 hour'`);
    const relay = new Relay({
      database: fixture.database,
      logger,
      publish: () => Promise.reject(new Error('the stream is full')),
      isConnected: () => true,
    });
    relay.start();
    await eventually(async () => {
      expect(await sample('attune_outbox_unsent')).toBe(3);
      expect(await sample('attune_outbox_lag_seconds')).toBeGreaterThanOrEqual(3_600);
    });
    await relay.stop();
  });

  it('is the number of events that wait in the broker for a consumer, until it has them', async () => {
    const name = uniqueName();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await fixture.start([effectConsumer(name, () => released)]);
    await fixture.publish(range(20));
    const backlog = (state: string) => sample(`attune_consumer_backlog{consumer="${name}",state="${state}"}`);
    await eventually(async () => {
      expect(((await backlog('pending')) ?? 0) + ((await backlog('unacknowledged')) ?? 0)).toBe(20);
    });
    release();
    await eventually(async () => expect([await backlog('pending'), await backlog('unacknowledged')]).toEqual([0, 0]));
    await fixture.stop();
    expect(await backlog('pending')).toBeUndefined();
  });

  it('is the number of dead letters of each consumer, from 0 until somebody redrives them', async () => {
    const name = uniqueName();
    const poisoned = 4711;
    let fixed = false;
    const messaging = await fixture.start([
      effectConsumer(name, (event) => {
        if (event.data.model_id === poisoned && !fixed) throw new Error('cannot handle it');
      }),
    ]);
    const letters = () => sample(`attune_dead_letters{consumer="${name}"}`);
    await eventually(async () => expect(await letters()).toBe(0), { timeoutMs: 30_000 });
    await fixture.publish([poisoned]);
    await eventually(async () => expect(await letters()).toBe(1), { timeoutMs: 30_000 });
    fixed = true;
    await messaging.redrive(name);
    await eventually(async () => expect(await letters()).toBe(0), { timeoutMs: 30_000 });
  }, 120_000);
});
