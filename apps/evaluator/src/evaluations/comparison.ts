import { accuracyImprovement, errorRate, referenceLengthOf, sumScores } from '@attune/scoring';
import type { ItemId } from '@attune/kernel';
import type { ComparedItem, Comparison, Counts, EvaluatedOn, Metrics } from './evaluation';
import { damagedDecode, emptyTestSet } from './evaluation.errors';

/** Each item's errors by one model. */
export type ItemCounts = ReadonlyMap<ItemId, Counts>;

/** Puts both models' items side by side. Throws Unjudgeable when they were not decoded from the same test set. */
export function compareItems(base: ItemCounts, custom: ItemCounts): ComparedItem[] {
  if (base.size !== custom.size) throw damagedDecode();
  return [...base].map(([itemId, baseCounts]) => {
    const customCounts = custom.get(itemId);
    if (!customCounts || !sameReference(baseCounts, customCounts)) throw damagedDecode();
    return { itemId, base: baseCounts, custom: customCounts };
  });
}

/** Corpus level: errors of all items over the words of all items, so that each word weighs alike. */
export function compareCorpus(items: readonly ComparedItem[]): Comparison {
  return { base: sumScores(items.map(({ base }) => base)), custom: sumScores(items.map(({ custom }) => custom)) };
}

/** The figures of public-api, Metrics. Throws Unjudgeable when the references have no words. */
export function metricsOf({ base, custom }: Comparison, evaluatedOn: EvaluatedOn): Metrics {
  const testWords = referenceLengthOf(custom.normalized.words);
  if (testWords === 0) throw emptyTestSet();
  const baseWordErrorRate = errorRate(base.normalized.words);
  const wordErrorRate = errorRate(custom.normalized.words);
  return {
    wordErrorRate,
    characterErrorRate: errorRate(custom.normalized.characters),
    accuracyImprovement: accuracyImprovement(baseWordErrorRate, wordErrorRate),
    baseWordErrorRate,
    baseCharacterErrorRate: errorRate(base.normalized.characters),
    testWords,
    evaluatedOn,
  };
}

function sameReference(base: Counts, custom: Counts): boolean {
  return referenceLengthOf(base.raw.characters) === referenceLengthOf(custom.raw.characters);
}
