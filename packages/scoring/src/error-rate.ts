import { type ErrorCounts } from './alignment';

/** Edits that turn the reference into the hypothesis. */
export function errorsOf({ substitutions, deletions, insertions }: ErrorCounts): number {
  return substitutions + deletions + insertions;
}

/** Tokens of the reference. */
export function referenceLengthOf({ hits, substitutions, deletions }: ErrorCounts): number {
  return hits + substitutions + deletions;
}

/**
 * Error rate in percent: 100 * (S + D + I) / N, where N is the number of reference tokens. Insertions can bring it
 * above 100. Against an empty reference each error counts 100 %, so that the rate stays a finite number.
 */
export function errorRate(counts: ErrorCounts): number {
  return (100 * errorsOf(counts)) / Math.max(1, referenceLengthOf(counts));
}

/** Counts of a corpus: the rate of the sum weighs each token alike, which the mean of the items' rates does not. */
export function sumCounts(items: Iterable<ErrorCounts>): ErrorCounts {
  const sum = { hits: 0, substitutions: 0, deletions: 0, insertions: 0 };
  for (const { hits, substitutions, deletions, insertions } of items) {
    sum.hits += hits;
    sum.substitutions += substitutions;
    sum.deletions += deletions;
    sum.insertions += insertions;
  }
  return sum;
}

/**
 * Relative reduction of word errors in percent: 100 * (base - custom) / base; negative when it got worse.
 * With a base that makes no error it is 0, or -100 when the custom model makes any.
 * @param baseRate word error rate of the base model on a test set, normalized text
 * @param customRate of the custom model on the same test set
 */
export function accuracyImprovement(baseRate: number, customRate: number): number {
  if (baseRate === 0) return customRate === 0 ? 0 : -100;
  return (100 * (baseRate - customRate)) / baseRate;
}

export type WerWord = 'excellent' | 'very good' | 'good' | 'fair' | 'poor';

/** How users read a word error rate, in percent: below 10 excellent, 15 very good, 25 good, up to 35 fair. */
export function werWord(percent: number): WerWord {
  if (percent < 10) return 'excellent';
  if (percent < 15) return 'very good';
  if (percent < 25) return 'good';
  return percent <= 35 ? 'fair' : 'poor';
}
