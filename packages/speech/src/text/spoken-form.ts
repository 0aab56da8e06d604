const ONES = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** A whole number from 0 to 999,999 in words, as Americans say it: 250 is "two hundred fifty". */
export function numberInWords(value: number): string {
  if (value < 20) return ONES[value] ?? '';
  if (value < 100) return [TENS[Math.floor(value / 10)], ...(value % 10 ? [numberInWords(value % 10)] : [])].join(' ');
  const unit = value < 1000 ? 100 : 1000;
  const rest = value % unit;
  return [numberInWords(Math.floor(value / unit)), unit === 100 ? 'hundred' : 'thousand', ...(rest ? [numberInWords(rest)] : [])].join(' ');
}

function spokenNumber(digits: string): string {
  const [whole = '0', fraction] = digits.split('.');
  const words = numberInWords(Number(whole));
  return fraction === undefined ? words : `${words} point ${[...fraction].map((digit) => ONES[Number(digit)]).join(' ')}`;
}

const UNITS: Record<string, string> = { mm: 'millimeter', cm: 'centimeter', mg: 'milligram', ml: 'milliliter', HU: 'Hounsfield unit' };
/** After these a measure stands for itself ("4 millimeters in the liver"); before a noun it is singular ("a 4 millimeter cyst"). */
const AFTER_A_MEASURE = 'in|at|on|of|and|with|from|by|to|above|below|along|within|since|previously|today|long|thick|,|\\.|$';

const SPOKEN_AS_WORDS = new Set(['FLAIR']);

/**
 * Text as it is written, turned into what a speaker says: digits and units become words, a letter with a number
 * (L4, T2) and capitals without vowels of their own (CT, MRI, IV) are spelled, hyphens are not heard.
 */
export function spokenForm(written: string): string {
  return written
    .replace(/(\d) x (?=\d)/g, '$1 by ')
    .replace(/(\d+(?:\.\d+)?) (mm|cm|mg|ml|HU)\b(?=\s*(\S*))/g, (_, digits: string, unit: string, next: string) => {
      const plural = Number(digits) !== 1 && new RegExp(`^(?:${AFTER_A_MEASURE})`).test(next);
      return `${digits} ${UNITS[unit] ?? unit}${plural ? 's' : ''}`;
    })
    .replace(/(\d)%/g, '$1 percent')
    .replace(/\b([A-Z])(\d+)(?:-([A-Z])(\d+))?\b/g, (_, a: string, b: string, c?: string, d?: string) => [a, b, c, d].filter(Boolean).join(' '))
    .replace(/\b[A-Z]{2,}s?\b/g, (word) => (SPOKEN_AS_WORDS.has(word) ? word.toLowerCase() : [...word].join(' ')))
    .replace(/\d+(?:\.\d+)?/g, spokenNumber)
    .replace(/-/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
