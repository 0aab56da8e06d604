/** What training costs: `unitCents` for each `unitMs` of distinct audio beyond `includedMs`, pro rata to the millisecond. */
export interface PriceBook {
  /** Names the book in every charge made by it. */
  version: string;
  /** ISO 4217; the amounts below are its hundredths. */
  currency: string;
  /** Distinct audio of a model that costs nothing. */
  includedMs: bigint;
  unitMs: bigint;
  unitCents: bigint;
  /** Of the total, not of each run: half a cent and more becomes a cent. */
  rounding: 'half_up';
}

/** The contract's prices: ten hours of a model's audio included, each further hour 50 dollars. */
export const standardBook: PriceBook = Object.freeze({
  version: '2026-01',
  currency: 'USD',
  includedMs: 36_000_000n,
  unitMs: 3_600_000n,
  unitCents: 5_000n,
  rounding: 'half_up',
});

/** Throws a RangeError when no amount could be computed by the book, or a negative one. */
export function checkBook(book: PriceBook): void {
  if (book.unitMs <= 0n) throw new RangeError(`price book ${book.version}: unitMs must be positive`);
  if (book.includedMs < 0n) throw new RangeError(`price book ${book.version}: includedMs must not be negative`);
  if (book.unitCents < 0n) throw new RangeError(`price book ${book.version}: unitCents must not be negative`);
}
