import { checkBook, type PriceBook } from './price-book';

/** A model's distinct audio before a run, and what the run adds to it. */
export interface RatedUsage {
  beforeMs: bigint;
  addedMs: bigint;
}

/** What a run's added audio is: how much of it was still included, how much goes beyond, and what that costs. */
export interface Rating {
  includedMs: bigint;
  overageMs: bigint;
  amountCents: bigint;
}

/**
 * What a model costs whose runs used `distinctMs` of distinct audio in total, in cents, half a cent rounded up.
 * Throws a RangeError for a negative duration and for a book that makes no sense.
 */
export function price(book: PriceBook, distinctMs: bigint): bigint {
  checkBook(book);
  return roundHalfUp(overage(book, distinctMs) * book.unitCents, book.unitMs);
}

/** What going from `beforeMs` to `afterMs` costs: each total is rounded, never the difference. Throws when it shrinks. */
export function delta(book: PriceBook, beforeMs: bigint, afterMs: bigint): bigint {
  if (afterMs < beforeMs) throw new RangeError('distinct audio never becomes less');
  return price(book, afterMs) - price(book, beforeMs);
}

/** Rates one run. Throws a RangeError when either duration is negative. */
export function rate(book: PriceBook, { beforeMs, addedMs }: RatedUsage): Rating {
  const afterMs = beforeMs + addedMs;
  const amountCents = delta(book, beforeMs, afterMs);
  const overageMs = overage(book, afterMs) - overage(book, beforeMs);
  return { includedMs: addedMs - overageMs, overageMs, amountCents };
}

function overage(book: PriceBook, distinctMs: bigint): bigint {
  if (distinctMs < 0n) throw new RangeError('a duration is never negative');
  return distinctMs > book.includedMs ? distinctMs - book.includedMs : 0n;
}

/** Both are never negative. */
function roundHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
