import fc from 'fast-check';
import { delay } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import type { ConsumerDefinition } from './define';
import type { Messaging } from './messaging';
import { connectNats } from './nats';
import { streamOf } from './subjects';
import { sorted } from './test-support/consumers';
import { times } from './test-support/counts';
import { Fixture, logger, range, uniqueName } from './test-support/fixture';
import { GONE, KEPT, NEW, releases, told, type Told } from './test-support/releases';

// Above what single steps are waited for: a late one is named by its own error.
jest.setTimeout(180_000);

/** The numbers of this many models that no other test of this file names. */
let lastModel = 0;
const models = (count: number): number[] => range(count).map(() => ++lastModel);

describe('while one release replaces another', () => {
  let fixture: Fixture;
  let name: string;
  let old: ConsumerDefinition;
  let newer: ConsumerDefinition;

  beforeEach(async () => {
    fixture = await Fixture.create();
    name = uniqueName();
    ({ old, newer } = releases(name));
  });
  afterEach(() => fixture.remove());

  /** A replica. Soon after it has ended, what was on its way to it comes again. */
  const start = (definition: ConsumerDefinition): Promise<Messaging> =>
    fixture.start([definition], { ackWaitMs: 1_000 });
  /** One to whom nothing comes twice because it was slow: for who counts what comes. */
  const startPatient = (definition: ConsumerDefinition): Promise<Messaging> => fixture.start([definition]);
  const tell = async (event: Told, modelIds: readonly number[]): Promise<void> => {
    for (const id of modelIds) await fixture.tell(event, told[event](id), id);
  };
  const handled = async (): Promise<number[]> => sorted(await fixture.effects(name));
  const becomesHandled = (ids: readonly number[]): Promise<void> =>
    eventually(async () => expect(await handled()).toEqual(sorted(ids)), { timeoutMs: 60_000 });
  /** All that the broker keeps of this consumer's places in the stream. */
  const places = async (): Promise<ConsumerInfo[]> => {
    const connection = await connectNats({ url: fixture.nats.url, name: 'places', logger });
    const found: ConsumerInfo[] = [];
    for await (const one of (await jetstreamManager(connection)).consumers.list(streamOf('models'))) found.push(one);
    await connection.close();
    return found;
  };

  it('what was told while only the old one was there is handled by the new one, once', async () => {
    await start(old);
    const [kept, fresh, later] = [models(10), models(10), models(10)];
    await tell(NEW, fresh);
    // The old one has gone past them when it has handled these.
    await tell(KEPT, kept);
    await becomesHandled(kept);
    await start(newer);
    await becomesHandled([...kept, ...fresh]);
    await tell(NEW, later);
    await becomesHandled([...kept, ...fresh, ...later]);
    expect(await fixture.count('failed_event')).toBe(0);
  });

  it.each(['old', 'newer'] as const)(
    'every event is handled once with the %s one started first, and however often the old one starts again',
    async (first) => {
      const expected: number[] = [];
      const tellBoth = async (): Promise<void> => {
        for (const event of [NEW, KEPT] as const) {
          const ids = models(10);
          await tell(event, ids);
          expected.push(...ids);
        }
      };
      if (first === 'newer') {
        await start(newer);
        await tellBoth();
      }
      let previous = await start(old);
      await tellBoth();
      if (first === 'old') await start(newer);
      for (let restarts = 0; restarts < 3; restarts++) {
        await tellBoth();
        await fixture.end(previous);
        await tellBoth();
        previous = await start(old);
      }
      await tellBoth();
      // Both open their places anew: nobody decides which of them comes first.
      await fixture.nats.crash();
      await tellBoth();
      await fixture.nats.start();
      await becomesHandled(expected);
      await delay(500);
      expect(await handled()).toEqual(sorted(expected));
      expect(await fixture.count('failed_event')).toBe(0);
    },
  );

  it('an event that the new release has no handler for does not come any more', async () => {
    const previous = await startPatient(old);
    const before = models(5);
    await tell(GONE, before);
    await becomesHandled(before);
    await startPatient(newer);
    await fixture.end(previous);
    const delivered = async (): Promise<number> =>
      (await places()).reduce((total, { delivered: { consumer_seq: count } }) => total + count, 0);
    const [gone, kept] = [models(5), models(5)];
    const deliveredBefore = await delivered();
    await tell(GONE, gone);
    await tell(KEPT, kept);
    await becomesHandled([...before, ...kept]);
    await delay(1_500);
    expect(await delivered()).toBe(deliveredBefore + kept.length);
    expect(await fixture.count('failed_event')).toBe(0);
  });

  it('events of the new one wait through a return to the old one, which works as fast as ever and never meets them', async () => {
    const [first, second, kept] = [models(5), models(50), models(50)];
    const upgraded = await startPatient(newer);
    await tell(NEW, first);
    await becomesHandled(first);
    await fixture.end(upgraded);

    const previous = await startPatient(old);
    await tell(NEW, second);
    await tell(KEPT, kept);
    await becomesHandled([...first, ...kept]);
    // Long enough for an event that is given back to come again.
    await delay(1_500);
    const deliveries = (await places()).reduce((total, { delivered }) => total + delivered.consumer_seq, 0);
    expect(deliveries).toBe(first.length + kept.length);
    await fixture.end(previous);

    await startPatient(newer);
    await becomesHandled([...first, ...second, ...kept]);
    expect(await fixture.count('failed_event')).toBe(0);
  });

  it('replicas of both make their places at the same moment', async () => {
    for (const round of range(10)) {
      ({ old, newer } = releases(uniqueName()));
      // Another number at work is another setting of the place that they share.
      await Promise.all([start({ ...old, concurrency: 1 + (round % 2) }), start({ ...newer, concurrency: 4 })]);
      await fixture.stop();
    }
    expect(await places()).toHaveLength(30);
  });

  it('every event is handled once, in whatever order replicas of both start and end', async () => {
    const step = fc.constantFrom('old starts', 'new starts', 'old ends', 'new ends', 'events', 'events');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        name = uniqueName();
        const both = releases(name);
        const running: Record<'old' | 'new', Messaging[]> = { old: [], new: [] };
        const expected: number[] = [];
        for (const one of steps) {
          if (one === 'old starts') running.old.push(await start(both.old));
          if (one === 'new starts') running.new.push(await start(both.newer));
          const ending = one === 'old ends' ? running.old.pop() : one === 'new ends' ? running.new.pop() : undefined;
          if (ending) await fixture.end(ending);
          if (one !== 'events') continue;
          for (const event of [NEW, KEPT] as const) {
            const ids = models(3);
            await tell(event, ids);
            expected.push(...ids);
          }
        }
        await start(both.newer);
        await eventually(
          async () => {
            const mine = (await handled()).filter((id) => expected.includes(id));
            expect(mine).toEqual(sorted(expected));
          },
          { timeoutMs: 60_000 },
        );
        await fixture.stop();
      }),
      // Each case has a consumer of its own, which hears what all cases before it told.
      { numRuns: times(10, 60), endOnFailure: true },
    );
  }, 300_000);
});
