const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** A whole number from 0 to 999,999 in words, as Americans say it: 250 is "two hundred fifty". */
export function numberInWords(value: number): string {
  if (value < 20) return ONES[value] ?? '';
  if (value < 100) return [TENS[Math.floor(value / 10)], ...(value % 10 ? [numberInWords(value % 10)] : [])].join(' ');
  const unit = value < 1000 ? 100 : 1000;
  const rest = value % unit;
  return [
    numberInWords(Math.floor(value / unit)),
    unit === 100 ? 'hundred' : 'thousand',
    ...(rest ? [numberInWords(rest)] : []),
  ].join(' ');
}

function spokenNumber(digits: string): string {
  const [whole = '0', fraction] = digits.split('.');
  if (Number(whole) > 999_999) return digits;
  const words = numberInWords(Number(whole));
  return fraction === undefined
    ? words
    : `${words} point ${Array.from(fraction, (digit) => ONES[Number(digit)]).join(' ')}`;
}

const UNITS: Record<string, string> = { mm: 'millimeter', cm: 'centimeter', mg: 'milligram', ml: 'milliliter' };
/** Before these a measure stands for itself ("4 millimeters in the liver"); before a noun it is singular ("a 4 millimeter cyst"). */
const AFTER_A_MEASURE = /^(?:(?:in|at|on|of|and|with|from|by|to|above|below|along|within|since|long|thick)\b|[,.;]|$)/;

/**
 * Text as it is written, turned into what a speaker says: digits and units become words, a letter with a number
 * (L4, T2) and words in capitals (CT, MRI) are spelled, hyphens are not heard. Whatever else a synthesizer can read,
 * such as 1st, is left to it.
 */
export function spokenForm(written: string): string {
  return written
    .replace(/(\d),(?=\d{3}(?!\d))/g, '$1')
    .replace(/(\d+(?:\.\d+)?) (mm|cm|mg|ml)\b(?=\s*(\S*))/g, (_, digits: string, unit: string, next: string) => {
      const plural = Number(digits) !== 1 && AFTER_A_MEASURE.test(next);
      return `${digits} ${UNITS[unit] ?? unit}${plural ? 's' : ''}`;
    })
    .replace(/(\d) ?%/g, '$1 percent')
    .replace(/\b([A-Z])(\d+)\b/g, '$1 $2')
    .replace(/\b[A-Z]{2,}\b/g, (word) => Array.from(word).join(' '))
    .replace(/(?<!\w)\d+(?:\.\d+)?(?![\p{L}\d])/gu, spokenNumber)
    .replace(/-/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
