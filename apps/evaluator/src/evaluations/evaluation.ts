import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';

/** One start of a run; its artifact is judged once. */
export interface EvaluatedRun {
  organizationId: OrganizationId;
  modelId: ModelId;
  runId: RunId;
  epoch: number;
}

/** The customer's own test set, or recordings that were kept out of training. */
export type EvaluatedOn = 'test_set' | 'held_out';

/** A decode object in the store: JSON lines of what a model wrote beside what it should have written. */
export interface Decode {
  key: string;
  sha256: string;
}

/** A run whose artifact is verified, with both models' decodes of its test set. */
export interface TrainedRun extends EvaluatedRun {
  language: string;
  baseDecode: Decode;
  customDecode: Decode;
  evaluatedOn: EvaluatedOn;
}

/** Rates in percent, of normalized texts, over the whole test set. */
export interface Metrics {
  wordErrorRate: number;
  characterErrorRate: number;
  /** Relative reduction of word errors in percent; negative when the custom model makes more. */
  accuracyImprovement: number;
  baseWordErrorRate: number;
  baseCharacterErrorRate: number;
  /** Words of the test set's transcripts. */
  testWords: number;
  evaluatedOn: EvaluatedOn;
}

export interface TokenCounts {
  hits: number;
  substitutions: number;
  deletions: number;
  insertions: number;
}

/** Errors of one model on one text or corpus, before and after normalization. */
export interface Counts {
  raw: { words: TokenCounts; characters: TokenCounts };
  normalized: { words: TokenCounts; characters: TokenCounts };
}

/** Both models on the same item, or on the whole test set. */
export interface Comparison {
  base: Counts;
  custom: Counts;
}

export interface ComparedItem extends Comparison {
  itemId: ItemId;
}

/** What came of judging an artifact: figures, or why there can be none, in the customer's words. */
export type Verdict = { metrics: Metrics } | { failure: string };

/** A verdict with what it was drawn from. */
export type Evaluation = { metrics: Metrics; corpus: Comparison; items: readonly ComparedItem[] } | { failure: string };
