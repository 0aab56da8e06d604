import { join } from 'node:path';
import { delay } from '@attune/kernel';
import { eventually, runTsProgram } from '@attune/testing';
import { effectConsumer, sorted } from './test-support/consumers';
import { times } from './test-support/counts';
import { Fixture, range, uniqueName } from './test-support/fixture';
import { commitIntent } from './test-support/intents';

const program = join(__dirname, 'test-support', 'doomed-program.ts');
const publisherPoints = ['before commit', 'after commit', 'before publish', 'after publish', 'after acknowledgement'];
const consumerPoints = ['in a handler', 'after handling'];
const EACH = times(1, 50);
const AT_ONCE = 4;

/** Deaths under load: other instances publish, relay and handle all the while, and what a dead one left is theirs. */
describe.each([
  { window: 'the usual duplicate window', streams: {} },
  { window: 'a duplicate window of 100 ms', streams: { duplicateWindowMs: 100 } },
])('committed intents are effects, with $window of the broker', ({ streams }) => {
  let fixture: Fixture;
  let name: string;

  beforeAll(async () => {
    fixture = await Fixture.create();
    name = uniqueName();
  });
  afterAll(() => fixture.remove());

  const die = async (point: string, firstId: number): Promise<void> => {
    const end = await runTsProgram(program, {
      CRASH_AT: point,
      FIRST_ID: String(firstId),
      CONSUMER: name,
      DATABASE_URL: fixture.server.url,
      NATS_URL: fixture.nats.url,
    });
    expect({ point, ...end }).toMatchObject({ point, signal: 'SIGKILL' });
  };

  /** Publishes beside the dying until told to stop. */
  const load = (): (() => Promise<void>) => {
    const end = new AbortController();
    const work = (async () => {
      for (let id = 1; !end.signal.aborted; id++) {
        await commitIntent(fixture.database, fixture.outbox, id);
        await delay(10);
      }
    })();
    return () => {
      end.abort();
      return work;
    };
  };

  const allDie = async (points: readonly string[], base: number): Promise<void> => {
    const deaths = range(EACH).flatMap(() => points);
    const doomed = deaths.map((point, index) => ({ point, firstId: base + index * 10_000 }));
    const lane = async (): Promise<void> => {
      for (let next = doomed.shift(); next; next = doomed.shift()) await die(next.point, next.firstId);
    };
    await Promise.all(range(AT_ONCE).map(lane));
  };

  it(
    `once each, though publishers and consumers die at every point of an event's way`,
    async () => {
      await fixture.start([effectConsumer(name)], { streams, ackWaitMs: 1_000 });
      await fixture.start([effectConsumer(name)], { streams, ackWaitMs: 1_000 });
      const endLoad = load();
      await allDie([...publisherPoints, ...consumerPoints], 1_000_000);
      await endLoad();
      const intents = await fixture.intents();
      expect(intents.length).toBeGreaterThan(EACH * publisherPoints.length);
      await eventually(async () => expect(sorted(await fixture.effects(name))).toEqual(intents), { timeoutMs: 60_000 });
      // Redeliveries that are still on their way would show now.
      await delay(1_500);
      expect(sorted(await fixture.effects(name))).toEqual(intents);
    },
    times(240_000, 3_600_000),
  );
});
