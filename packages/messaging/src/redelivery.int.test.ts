import fc from 'fast-check';
import type { Database } from '@attune/database';
import type { Event } from '@attune/events';
import { anEvent, deliverInDisorder } from '@attune/testing';
import { defineConsumer, defineWorker, type ConsumerDefinition } from './define';
import { EventHandler } from './handle';
import { effectConsumer, leaveEffect } from './test-support/consumers';
import { deleted, organizationId } from './test-support/events';
import { Fixture, logger, uniqueName } from './test-support/fixture';

const anyEvent = (modelId: number): Event =>
  anEvent('models.model-deleted.v1', deleted(modelId), { organization_id: organizationId });

const deliveryOf = (event: Event): Parameters<EventHandler['handle']>[0] => ({
  subject: event.name,
  body: JSON.stringify(event),
  signal: new AbortController().signal,
});

describe('deliveries of one event', () => {
  let fixture: Fixture;
  let other: Database;
  let name: string;

  beforeAll(async () => {
    fixture = await Fixture.create();
    other = await fixture.server.open();
  });
  afterAll(() => fixture.remove());
  beforeEach(() => {
    name = uniqueName();
  });

  /** Two instances of one service: a handler each, on connections of their own. */
  const twoInstances = (definition: ConsumerDefinition): readonly [EventHandler, EventHandler] => [
    new EventHandler(fixture.database, definition, logger),
    new EventHandler(other, definition, logger),
  ];

  it('have one effect when they come one after the other', async () => {
    const [one, two] = twoInstances(effectConsumer(name));
    const delivery = deliveryOf(anyEvent(1));
    expect(await one.handle(delivery)).toEqual({ kind: 'handled' });
    expect(await two.handle(delivery)).toEqual({ kind: 'duplicate' });
    expect(await one.handle(delivery)).toEqual({ kind: 'duplicate' });
    expect(await fixture.effects(name)).toEqual([1]);
  });

  it('have one effect when both instances have seen that it is new before either commits', async () => {
    let arrived = 0;
    let open = (): void => undefined;
    const bothThere = new Promise<void>((resolve) => (open = resolve));
    const [one, two] = twoInstances(
      defineWorker({
        name,
        event: 'models.model-deleted.v1',
        handle: async (event) => {
          if (++arrived === 2) open();
          await bothThere;
          return (tx) => leaveEffect(tx, name, event);
        },
      }),
    );
    const delivery = deliveryOf(anyEvent(2));
    const outcomes = await Promise.all([one.handle(delivery), two.handle(delivery)]);
    expect(await fixture.effects(name)).toEqual([2]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['duplicate', 'handled']);
  });

  it('leave the state of one delivery in order, come they 1 to 10 times, in any order, to two instances', async () => {
    let model = 0;
    const definition = defineConsumer({
      name,
      handlers: {
        'models.model-deleted.v1': async (event, tx) => {
          await leaveEffect(tx, name, event);
          await tx.execute(
            `INSERT INTO tally (model_id, total) VALUES ($1, 1) ON CONFLICT (model_id) DO UPDATE SET total = tally.total + 1`,
            [event.data.model_id],
          );
        },
      },
    });
    const instances = [fixture.database, other].map((database) => ({ database, consumers: [definition] }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer(), async (count, seed) => {
        model++;
        // Several events about one model: the sum shows one that counted twice or not at all.
        await deliverInDisorder(
          instances,
          Array.from({ length: count }, () => anyEvent(model)),
          seed,
        );
        const [row] = await fixture.database.query<{ total: number }>(
          'system',
          'SELECT total FROM tally WHERE model_id = $1',
          [model],
        );
        expect(row?.total).toBe(count);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  }, 120_000);
});
