import { createHash } from 'node:crypto';

/** A source of numbers in [0, 1). */
export type Random = () => number;

/**
 * Numbers that look random and are the same for the same key on every machine (Mulberry32, 32 bits of state).
 * Each use takes its own key, so that adding a draw in one place changes nothing elsewhere.
 */
export function seededRandom(key: string): Random {
  let state = createHash('sha256').update(key).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in random order (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return order;
}

/**
 * Draws items as from a deck of cards: each comes once before any comes again.
 * Short sets so get every term, voice and condition in its share, which independent draws do not give.
 */
export class Deck<T> {
  private cards: T[] = [];

  constructor(
    private readonly items: readonly [T, ...T[]],
    private readonly random: Random,
  ) {}

  draw(): T {
    if (this.cards.length === 0) this.cards = shuffled(this.items, this.random);
    return this.cards.pop() ?? this.items[0];
  }
}
