import fc from 'fast-check';
import { delta, price, rate } from './price';
import { standardBook, type PriceBook } from './price-book';

const HOUR = 3_600_000n;
const RUNS = { numRuns: 2_000 };

/**
 * The price by another way than the code's: whole cents are found by long division on decimal digits, and the remainder is compared with
 * half of the divisor.
 */
function oracle(book: PriceBook, ms: bigint): bigint {
  if (ms <= book.includedMs) return 0n;
  const digits = ((ms - book.includedMs) * book.unitCents).toString();
  let cents = '';
  let remainder = 0n;
  for (const digit of digits) {
    remainder = remainder * 10n + BigInt(digit);
    let times = 0;
    while (remainder >= book.unitMs) {
      remainder -= book.unitMs;
      times += 1;
    }
    cents += String(times);
  }
  const isHalfOrMore = remainder + remainder >= book.unitMs;
  return BigInt(cents) + (isHalfOrMore ? 1n : 0n);
}

/** Around every whole hour, where an error of one millisecond shows; and far above what a number holds exactly. */
const duration = fc.oneof(
  fc.bigInt({ min: 0n, max: 40_000n * HOUR }),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 20_000n }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([hours, off]) => (hours * HOUR + off < 0n ? 0n : hours * HOUR + off)),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 5_000_000n }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([cents, off]) => 36_000_000n + cents * 720n + 360n + off),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 80n }),
);

const anyBook: fc.Arbitrary<PriceBook> = fc.record({
  version: fc.constant('any'),
  currency: fc.constant('USD'),
  includedMs: fc.bigInt({ min: 0n, max: 100n * HOUR }),
  unitMs: fc.bigInt({ min: 1n, max: 10n * HOUR }),
  unitCents: fc.bigInt({ min: 0n, max: 1_000_000n }),
  rounding: fc.constant('half_up' as const),
});

describe('the price of distinct training audio', () => {
  it.each([
    [0n, 0n],
    [10n * HOUR, 0n],
    [10n * HOUR + 359n, 0n],
    [10n * HOUR + 360n, 1n],
    [11n * HOUR, 5_000n],
    [11n * HOUR - 360n, 5_000n],
    [11n * HOUR - 361n, 4_999n],
    [12n * HOUR + HOUR / 2n, 12_500n],
  ])('of %s ms is %s cents', (ms, cents) => {
    expect(price(standardBook, ms)).toBe(cents);
  });

  it('is nothing for every millisecond of the first ten hours', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n * HOUR }), (ms) => price(standardBook, ms) === 0n),
      RUNS,
    );
  });

  it('equals an independent oracle to the cent, around every hour and far beyond 2^53', () => {
    fc.assert(
      fc.property(duration, (ms) => expect(price(standardBook, ms)).toBe(oracle(standardBook, ms))),
      RUNS,
    );
    fc.assert(
      fc.property(anyBook, duration, (book, ms) => expect(price(book, ms)).toBe(oracle(book, ms))),
      RUNS,
    );
  });

  it('never falls when there is more audio', () => {
    fc.assert(
      fc.property(anyBook, duration, duration, (book, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(price(book, less) <= price(book, more)).toBe(true);
      }),
      RUNS,
    );
  });

  it('is refused for a negative duration, a shrinking total and a book without sense', () => {
    expect(() => price(standardBook, -1n)).toThrow(RangeError);
    expect(() => delta(standardBook, 2n, 1n)).toThrow(RangeError);
    expect(() => rate(standardBook, { beforeMs: 5n, addedMs: -1n })).toThrow(RangeError);
    expect(() => price({ ...standardBook, unitMs: 0n }, 1n)).toThrow(RangeError);
    expect(() => price({ ...standardBook, unitCents: -1n }, 1n)).toThrow(RangeError);
    expect(() => price({ ...standardBook, includedMs: -1n }, 1n)).toThrow(RangeError);
  });
});

describe('rating by difference', () => {
  const parts = fc.array(fc.bigInt({ min: 0n, max: 3n * HOUR }), { maxLength: 40 });

  it('sums to the price of the total, over any partition of the audio and in any order', () => {
    fc.assert(
      fc.property(anyBook, parts, fc.infiniteStream(fc.nat()), (book, added, shuffle) => {
        const shuffled = added
          .map((ms) => ({ ms, at: shuffle.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ ms }) => ms);
        const total = added.reduce((sum, ms) => sum + ms, 0n);
        for (const order of [added, shuffled]) {
          let beforeMs = 0n;
          let cents = 0n;
          for (const addedMs of order) {
            cents += rate(book, { beforeMs, addedMs }).amountCents;
            beforeMs += addedMs;
          }
          expect(cents).toBe(oracle(book, total));
        }
      }),
      RUNS,
    );
  });

  it('splits what a run adds into included and beyond, of which no model gets more than the book includes', () => {
    fc.assert(
      fc.property(anyBook, parts, (book, added) => {
        let [beforeMs, included, overage] = [0n, 0n, 0n];
        for (const addedMs of added) {
          const rating = rate(book, { beforeMs, addedMs });
          expect(rating.includedMs + rating.overageMs).toBe(addedMs);
          included += rating.includedMs;
          overage += rating.overageMs;
          beforeMs += addedMs;
        }
        expect(included).toBe(beforeMs < book.includedMs ? beforeMs : book.includedMs);
        expect(included + overage).toBe(beforeMs);
      }),
      RUNS,
    );
  });

  it('costs nothing when nothing is new', () => {
    fc.assert(
      fc.property(duration, (ms) => delta(standardBook, ms, ms) === 0n),
      RUNS,
    );
  });
});
