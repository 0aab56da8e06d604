import { countErrors, type ErrorCounts } from './alignment';
import { sumCounts } from './error-rate';
import { charactersOf, normalizeText, wordsOf } from './normalization';

/** What was said, and what a system wrote. */
export interface TranscribedItem {
  readonly reference: string;
  readonly hypothesis: string;
}

/** Error counts by words and by characters: of the texts as they are, and of both normalized. */
export interface Score {
  readonly raw: { readonly words: ErrorCounts; readonly characters: ErrorCounts };
  readonly normalized: { readonly words: ErrorCounts; readonly characters: ErrorCounts };
}

function countTexts(reference: string, hypothesis: string): Score['raw'] {
  return {
    words: countErrors(wordsOf(reference), wordsOf(hypothesis)),
    characters: countErrors(charactersOf(reference), charactersOf(hypothesis)),
  };
}

/** @param language the texts' language, such as `en` or `de-AT`: it chooses the normalization */
export function scoreItem({ reference, hypothesis }: TranscribedItem, language: string): Score {
  return {
    raw: countTexts(reference, hypothesis),
    normalized: countTexts(normalizeText(reference, language), normalizeText(hypothesis, language)),
  };
}

/** Counts of a whole corpus from those of its items. */
export function sumScores(scores: readonly Score[]): Score {
  return {
    raw: {
      words: sumCounts(scores.map((score) => score.raw.words)),
      characters: sumCounts(scores.map((score) => score.raw.characters)),
    },
    normalized: {
      words: sumCounts(scores.map((score) => score.normalized.words)),
      characters: sumCounts(scores.map((score) => score.normalized.characters)),
    },
  };
}
