import { type ErrorCounts } from './alignment';
import { accuracyImprovement, errorsOf, referenceLengthOf } from './error-rate';

/** Both systems' word errors on one recording. */
export interface PairedCounts {
  readonly base: ErrorCounts;
  readonly custom: ErrorCounts;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** In percent, as the rates themselves; `difference` is custom minus base in points. */
export interface PairedIntervals {
  readonly baseRate: Interval;
  readonly customRate: Interval;
  readonly difference: Interval;
  readonly accuracyImprovement: Interval;
}

export interface BootstrapOptions {
  /** The same seed gives the same intervals. */
  readonly seed: number;
  /** How often the corpus is drawn anew; 1000 if not said. */
  readonly samples?: number;
  /** Share of the draws within the interval; .95 if not said. */
  readonly confidence?: number;
}

/** Numbers in [0, 1): Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function intervalOf(values: Float64Array, confidence: number): Interval {
  const sorted = values.toSorted();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

/**
 * Confidence intervals by the paired bootstrap of Bisani and Ney (ICASSP 2004): draw as many recordings as there are,
 * with replacement, take both systems' rates on the draw, and read the percentiles of many draws. Recordings are drawn,
 * not words, since errors within a recording hang together; both systems get the same draws, so that what makes a
 * recording hard for both does not widen the interval of their difference.
 * @throws RangeError when there is no recording, or an option is out of its range
 */
export function pairedBootstrap(recordings: readonly PairedCounts[], options: BootstrapOptions): PairedIntervals {
  const { seed, samples = 1000, confidence = 0.95 } = options;
  if (recordings.length === 0) throw new RangeError('A confidence interval needs at least one recording');
  if (!Number.isInteger(samples) || samples < 1) throw new RangeError('samples must be a whole number above 0');
  if (!(confidence > 0 && confidence < 1)) throw new RangeError('confidence must be between 0 and 1');
  const random = randomFrom(seed);
  const rows = recordings.map(
    ({ base, custom }) => [errorsOf(base), errorsOf(custom), referenceLengthOf(base)] as const,
  );
  const draws = { base: new Float64Array(samples), custom: new Float64Array(samples) };
  for (let sample = 0; sample < samples; sample++) {
    let [baseErrors, customErrors, words] = [0, 0, 0];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[Math.floor(random() * rows.length)] ?? [0, 0, 0];
      baseErrors += row[0];
      customErrors += row[1];
      words += row[2];
    }
    draws.base[sample] = (100 * baseErrors) / Math.max(1, words);
    draws.custom[sample] = (100 * customErrors) / Math.max(1, words);
  }
  const paired = (measure: (base: number, custom: number) => number) =>
    draws.base.map((base, sample) => measure(base, draws.custom[sample] ?? 0));
  return {
    baseRate: intervalOf(draws.base, confidence),
    customRate: intervalOf(draws.custom, confidence),
    difference: intervalOf(
      paired((base, custom) => custom - base),
      confidence,
    ),
    accuracyImprovement: intervalOf(paired(accuracyImprovement), confidence),
  };
}
