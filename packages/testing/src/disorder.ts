import type { Database } from '@attune/database';
import type { Event } from '@attune/events';
import { EventHandler, type ConsumerDefinition, type Outcome } from '@attune/messaging';
import { createLogger } from '@attune/observability';

/** One instance of a service: its database and its consumers. */
export interface ServiceInstance {
  database: Database;
  consumers: readonly ConsumerDefinition[];
}

const MOST_COPIES = 10;
const LANES = 4;
/** An event that still cannot be handled after this many tries of a case would never be. */
const MOST_TRIES = 500;

/** Hands each event over once, in order, as a broker does on its best day. Throws when one is not handled. */
export async function deliverInOrder(instance: ServiceInstance, events: readonly Event[]): Promise<void> {
  for (const event of events) {
    const { kind } = await handlerOf(instance, event).handle(deliveryOf(event));
    if (kind !== 'handled') throw new Error(`${event.name} was ${kind}`);
  }
}

/**
 * Hands events over as a broker does on its worst day: each 1 to 10 times, in any order, several at the same time, to any of
 * the instances; one that could not be handled yet comes again later. `seed` decides all of it.
 */
export async function deliverInDisorder(
  instances: readonly ServiceInstance[],
  events: readonly Event[],
  seed: number,
): Promise<void> {
  const chance = generator(seed);
  const queue = events.flatMap((event) => Array.from({ length: 1 + Math.floor(chance() * MOST_COPIES) }, () => event));
  shuffle(queue, chance);
  let tries = 0;
  const lane = async (): Promise<void> => {
    for (let event = queue.shift(); event; event = queue.shift()) {
      const instance = instances[Math.floor(chance() * instances.length)];
      if (!instance) throw new Error('there is no instance');
      const outcome: Outcome = await handlerOf(instance, event).handle(deliveryOf(event));
      if (outcome.kind === 'handled' || outcome.kind === 'duplicate') continue;
      if (++tries > MOST_TRIES) throw new Error(`${event.name} is ${outcome.kind} for ever`);
      queue.push(event);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

function handlerOf({ database, consumers }: ServiceInstance, event: Event): EventHandler {
  const consumer = consumers.find(({ events }) => events.includes(event.name));
  if (!consumer) throw new Error(`no consumer for ${event.name}`);
  // Tries come without the pauses that a broker makes between them: as many as it takes.
  return new EventHandler(database, { ...consumer, maxAttempts: MOST_TRIES }, createLogger('disorder', 'silent'));
}

const deliveryOf = (event: Event): Parameters<EventHandler['handle']>[0] => ({
  subject: event.name,
  body: JSON.stringify(event),
  signal: new AbortController().signal,
});

function shuffle<T>(items: T[], chance: () => number): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(chance() * (last + 1));
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
