export { align, countErrors, operations, type AlignedPair, type ErrorCounts, type Operation } from './alignment';
export {
  pairedBootstrap,
  type BootstrapOptions,
  type Interval,
  type PairedCounts,
  type PairedIntervals,
} from './confidence';
export {
  accuracyImprovement,
  errorRate,
  errorsOf,
  referenceLengthOf,
  sumCounts,
  werWord,
  type WerWord,
} from './error-rate';
export { charactersOf, normalizationVersion, normalizeText, wordsOf } from './normalization';
export { scoreItem, sumScores, type Score, type TranscribedItem } from './score';
