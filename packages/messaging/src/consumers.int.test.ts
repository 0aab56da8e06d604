import { AppError, delay } from '@attune/kernel';
import { anEvent, eventually } from '@attune/testing';
import { jetstream } from '@nats-io/jetstream';
import { defineConsumer, defineWorker, PermanentFailure, type ConsumerDefinition } from './define';
import { connectNats } from './nats';
import { eventSubject } from './subjects';
import { effectConsumer, leaveEffect, sorted, type Deleted } from './test-support/consumers';
import { deleted, organizationId } from './test-support/events';
import { Fixture, logger, range, uniqueName } from './test-support/fixture';

/** All of a stream comes to every new consumer: much work for a busy machine. */
const PATIENCE = { timeoutMs: 40_000 };

describe('consumers', () => {
  let fixture: Fixture;
  let name: string;

  beforeAll(async () => {
    fixture = await Fixture.create();
  });
  afterAll(() => fixture.remove());
  beforeEach(() => {
    name = uniqueName();
  });
  afterEach(() => fixture.stop());

  it('handle every published event exactly once, whether they start before or after it', async () => {
    await fixture.publish(range(20));
    await fixture.start([effectConsumer(name)]);
    await fixture.publish(range(40).slice(20));
    await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(range(40)), PATIENCE);
  });

  it('have the effect of one delivery when every event comes up to ten times, shuffled, to two instances', async () => {
    const publisher = await fixture.start([]);
    const before = await fixture.count('outbox');
    const ids = await fixture.publish(range(30).map((n) => n + 100));
    await eventually(async () => expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0));
    const rows = await fixture.database.query<{ id: string; envelope: unknown }>(
      'system',
      'SELECT id, envelope FROM outbox WHERE id = ANY($1)',
      [ids],
    );
    expect(await fixture.count('outbox')).toBe(before + 30);
    await publisher.check();
    const copies = rows.flatMap((row) => Array.from({ length: 1 + Math.floor(Math.random() * 10) }, () => row));
    copies.sort(() => Math.random() - 0.5);
    const connection = await connectNats({ url: fixture.nats.url, name: 'duplicates', logger });
    const client = jetstream(connection);
    // No message id: the broker's own window must not be what saves us.
    for (const { envelope } of copies)
      await client.publish(eventSubject('models.model-deleted.v1'), JSON.stringify(envelope));
    await connection.close();
    await fixture.start([effectConsumer(name)]);
    await fixture.start([effectConsumer(name)]);
    await eventually(async () => {
      const effects = (await fixture.effects(name)).filter((n) => n > 100);
      expect(sorted(effects)).toEqual(range(30).map((n) => n + 100));
    }, PATIENCE);
    await delay(300);
    expect((await fixture.effects(name)).filter((n) => n > 100)).toHaveLength(30);
  });

  it('set a poisoned event aside after its attempts, handle all others, and handle it once it is redriven', async () => {
    let fixed = false;
    const messaging = await fixture.start([
      effectConsumer(name, (event) => {
        if (event.data.model_id === 1050 && !fixed) throw new Error('cannot handle 1050');
      }),
    ]);
    await fixture.publish(range(100).map((n) => n + 1000));
    const expected = range(100)
      .map((n) => n + 1000)
      .filter((n) => n !== 1050);
    await eventually(async () => {
      expect(sorted((await fixture.effects(name)).filter((n) => n > 1000))).toEqual(expected);
      expect(await fixture.count('failed_event', `consumer = '${name}' AND dead_at IS NOT NULL AND attempts = 3`)).toBe(
        1,
      );
    }, PATIENCE);
    expect(await fixture.count('failed_event', `consumer = '${name}'`)).toBe(1);
    fixed = true;
    expect(await messaging.redrive(name)).toEqual([{ kind: 'handled' }]);
    expect(await fixture.effects(name)).toContain(1050);
    expect(await fixture.count('failed_event', `consumer = '${name}'`)).toBe(0);
  });

  it('give up at once on what will never work, and on a message that is no event', async () => {
    const [permanent, invalid] = [2001, 2002];
    await fixture.start([
      effectConsumer(name, (event) => {
        if (event.data.model_id === permanent) throw new PermanentFailure('no use');
        if (event.data.model_id === invalid) throw new AppError('VALIDATION_ERROR', 'bad');
      }),
    ]);
    await fixture.publish([permanent, invalid, 2003]);
    const connection = await connectNats({ url: fixture.nats.url, name: 'garbage', logger });
    await jetstream(connection).publish(eventSubject('models.model-deleted.v1'), 'not JSON');
    await connection.close();
    await eventually(async () => {
      expect(await fixture.effects(name)).toContain(2003);
      const dead = `consumer = '${name}' AND dead_at IS NOT NULL AND attempts = 1`;
      expect(await fixture.count('failed_event', dead)).toBe(3);
    });
  });

  it('set aside an event that they have no handler for, and drop nothing', async () => {
    await fixture.start([effectConsumer(name)]);
    const connection = await connectNats({ url: fixture.nats.url, name: 'strangers', logger });
    for (const stranger of ['models.model-deleted.v9', 'models.run-cancel-requested.v1']) {
      const body = { ...anEvent('models.model-deleted.v1', deleted(2501)), name: stranger };
      await jetstream(connection).publish(eventSubject('models.model-deleted.v1'), JSON.stringify(body));
    }
    await connection.close();
    await eventually(async () => {
      const dead = `consumer = '${name}' AND dead_at IS NOT NULL AND error LIKE '%has no handler for models.%'`;
      expect(await fixture.count('failed_event', dead)).toBe(2);
    });
    expect(await fixture.effects(name)).not.toContain(2501);
  });

  it('do not count failures of something that is away for a while', async () => {
    let away = true;
    let tries = 0;
    await fixture.start([
      effectConsumer(name, (event) => {
        if (event.data.model_id !== 3001) return;
        tries++;
        if (away) throw new AppError('SERVICE_UNAVAILABLE', 'away');
      }),
    ]);
    const [id = ''] = await fixture.publish([3001]);
    const counted = (): Promise<number> => fixture.count('failed_event', `consumer = '${name}' AND event_id = '${id}'`);
    await eventually(() => expect(tries).toBeGreaterThanOrEqual(2));
    expect(await counted()).toBe(0);
    away = false;
    await eventually(async () => expect(await fixture.effects(name)).toContain(3001), PATIENCE);
    expect(await counted()).toBe(0);
  });

  it('try again only after a pause, after a failure as well as in an outage', async () => {
    const [failing, away] = [3501, 3502];
    const tries = new Map<number, number[]>([
      [failing, []],
      [away, []],
    ]);
    const refuseOnce = (event: Deleted): void => {
      const moments = tries.get(event.data.model_id);
      if (!moments || moments.push(performance.now()) > 1) return;
      if (event.data.model_id === failing) throw new Error('failed');
      throw new AppError('SERVICE_UNAVAILABLE', 'away');
    };
    await fixture.start([effectConsumer(name, refuseOnce)], { retryDelaysMs: [700] });
    await fixture.publish([failing, away]);
    await eventually(async () => {
      expect(await fixture.effects(name)).toEqual(expect.arrayContaining([failing, away]));
    });
    const pauseOf = (id: number): number => (tries.get(id)?.[1] ?? 0) - (tries.get(id)?.[0] ?? 0);
    expect(pauseOf(failing)).toBeGreaterThanOrEqual(650);
    expect(pauseOf(away)).toBeGreaterThanOrEqual(950);
  });

  it('undo a handler that fails half-way, together with its mark in the inbox', async () => {
    let tries = 0;
    await fixture.start([
      defineConsumer({
        name,
        handlers: {
          'models.model-deleted.v1': async (event, tx) => {
            await leaveEffect(tx, name, event);
            if (event.data.model_id === 4001 && ++tries < 3) throw new Error('half-way');
          },
        },
      }),
    ]);
    await fixture.publish([4001]);
    await eventually(() => expect(tries).toBe(3));
    await eventually(async () => {
      expect((await fixture.effects(name)).filter((n) => n === 4001)).toEqual([4001]);
    });
  });

  it('commit the effect of slow work once, however often the work itself was done', async () => {
    let tries = 0;
    const worker = (): ConsumerDefinition =>
      defineWorker({
        name,
        event: 'models.model-deleted.v1',
        concurrency: 3,
        handle: async (event) => {
          await delay(5);
          if (event.data.model_id === 5001 && ++tries < 3) throw new Error('unlucky');
          return (tx) => leaveEffect(tx, name, event);
        },
      });
    await fixture.start([worker()]);
    await fixture.start([worker()]);
    await fixture.publish([5001, 5002, 5003]);
    await eventually(async () => {
      expect(sorted((await fixture.effects(name)).filter((n) => n > 5000))).toEqual([5001, 5002, 5003]);
    });
    expect(tries).toBeGreaterThanOrEqual(3);
  });

  it('refuse to start when two of them handle one event', async () => {
    await expect(fixture.start([effectConsumer(name), effectConsumer(uniqueName())])).rejects.toThrow(
      'handled by both',
    );
  });

  it('keep each organization to its own transactions', async () => {
    const seen: (string | null)[] = [];
    await fixture.start([
      defineConsumer({
        name,
        handlers: {
          'models.model-deleted.v1': async (_, tx) => {
            const [row] = await tx.query<{ id: string }>(`SELECT current_setting('app.scope') AS id`);
            seen.push(row?.id ?? null, tx.organizationId);
          },
        },
      }),
    ]);
    await fixture.publish([6001]);
    await eventually(() => expect(seen.length).toBeGreaterThan(0));
    expect(new Set(seen)).toEqual(new Set([organizationId]));
  });
});
