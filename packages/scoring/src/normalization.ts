import { normalizeEnglishNumbers } from './english-numbers';

/** Stored with every result: rates of different versions must not be compared. Raised with any change of what a text becomes. */
export const normalizationVersion = 1;

/** Zero-width characters, soft hyphens and the like: they are not seen and must not be counted. */
const INVISIBLE = /\p{Cf}/gu;
const PUNCTUATION = /[\p{P}\p{S}]/gu;
/** Languages with a dotted and a dotless i, where the root locale's case folding would unite two letters. */
const WITH_DOTLESS_I = new Set(['tr', 'az']);

/** Case folded and in Unicode's compatibility form, so that what looks the same is the same. */
function fold(text: string, language: string): string {
  const locale = WITH_DOTLESS_I.has(language) ? language : 'und';
  const visible = text.replace(INVISIBLE, '').normalize('NFKC');
  // Through upper case: it unites letters that lower case alone leaves apart (ß and ss; ẞ becomes ß first).
  const upper = visible.toLocaleLowerCase(locale).toLocaleUpperCase(locale);
  return upper.toLocaleLowerCase(locale).replace(/ς/g, 'σ').normalize('NFKC');
}

function normalizeEnglish(folded: string): string {
  const spoken = folded
    .replace(/(?<=\p{L})['\u2019\u02bc](?=\p{L})/gu, '')
    .replace(/\$\s?(\d+(?:[.,]\d+)*)/g, '$1 dollars')
    .replace(/(?<=\d)\s?%/g, ' percent')
    .replace(/&/g, ' and ')
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .replace(/(?<!\d)\.(?=\d)/g, ' 0.')
    // A unit written on its number (5mm) is a word of its own; ordinals (5th) stay whole.
    .replace(/(?<![\p{L}\d.])(\d+(?:\.\d+)?)(?!(?:st|nd|rd|th)\b)(?=\p{L})/gu, '$1 ')
    .replace(/(?<!\d)\.|\.(?!\d)|[^\P{P}.]|\p{S}/gu, ' ');
  return normalizeEnglishNumbers(wordsOf(spoken)).join(' ');
}

/**
 * Text as word error rates compare it: Unicode NFKC, case folded, punctuation off, one space between words.
 * English besides: apostrophes within words dropped, numbers in one form (see normalizeEnglishNumbers), `%`, `&` and `$`
 * as words, units apart from their numbers. Normalizing twice is normalizing once.
 * @param language a BCP 47 tag; only its first part counts, and one that is unknown gets the rules of no language
 */
export function normalizeText(text: string, language: string): string {
  const primary = /^[a-z]{2,3}(?![a-z])/i.exec(language)?.[0].toLowerCase() ?? 'und';
  const folded = fold(text, primary);
  return primary === 'en' ? normalizeEnglish(folded) : wordsOf(folded.replace(PUNCTUATION, ' ')).join(' ');
}

/** Words are what white space parts; languages that write without spaces have one long word a line. */
export function wordsOf(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

/** Code points, with one space between words. */
export function charactersOf(text: string): string[] {
  return Array.from(wordsOf(text).join(' '));
}
