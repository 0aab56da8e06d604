const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ORDINAL_ONES =
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'.split(
    ' ',
  );
const SCALES: [string, number][] = [
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
];

interface NumberWord {
  readonly kind: 'one' | 'ten' | 'hundred' | 'scale';
  readonly value: number;
  readonly ordinal: boolean;
}

const NUMBER_WORDS = new Map<string, NumberWord>([
  ...ONES.map((word, value) => [word, { kind: 'one', value, ordinal: false }] as const),
  ...ORDINAL_ONES.map((word, value) => [word, { kind: 'one', value, ordinal: true }] as const),
  ...TENS.flatMap((word, index) => {
    const value = 20 + 10 * index;
    return [
      [word, { kind: 'ten', value, ordinal: false }],
      [word.replace(/y$/, 'ieth'), { kind: 'ten', value, ordinal: true }],
    ] as const;
  }),
  ['hundred', { kind: 'hundred', value: 100, ordinal: false }],
  ['hundredth', { kind: 'hundred', value: 100, ordinal: true }],
  ...SCALES.flatMap(([word, value]) => [
    [word, { kind: 'scale', value, ordinal: false }] as const,
    [`${word}th`, { kind: 'scale', value, ordinal: true }] as const,
  ]),
]);

/** A number that was read from some words: `end` is the place after its last word. */
interface Reading {
  readonly value: number;
  readonly end: number;
  readonly ordinal: boolean;
}

const NUMERAL = /^\d+(?:\.\d+)?$/;
/** Larger numerals are identifiers rather than amounts, and multiplying them would lose digits. */
const LARGEST_MULTIPLIED = 1e6;

function wordAt(words: readonly string[], at: number): NumberWord | undefined {
  return NUMBER_WORDS.get(words[at] ?? '');
}

/** "seven", "seventeen", "seventy", "seventy seven", each also as an ordinal. */
function readBelowHundred(words: readonly string[], at: number): Reading | undefined {
  const first = wordAt(words, at);
  if (first?.kind !== 'one' && first?.kind !== 'ten') return undefined;
  const reading = { value: first.value, end: at + 1, ordinal: first.ordinal };
  const second = wordAt(words, at + 1);
  if (first.kind !== 'ten' || first.ordinal || second?.kind !== 'one' || second.value < 1 || second.value > 9)
    return reading;
  return { value: first.value + second.value, end: at + 2, ordinal: second.ordinal };
}

function readNumeral(words: readonly string[], at: number): Reading | undefined {
  const word = words[at] ?? '';
  return NUMERAL.test(word) ? { value: Number(word), end: at + 1, ordinal: false } : undefined;
}

/** What may stand before a scale: digits, or words up to "nine hundred and ninety nine". */
function readGroup(words: readonly string[], at: number): Reading | undefined {
  const first = readNumeral(words, at) ?? readBelowHundred(words, at);
  const end = first?.end ?? at;
  const hundred = wordAt(words, end);
  const multiplies =
    hundred?.kind === 'hundred' && (first === undefined || (!first.ordinal && first.value > 0 && first.value < 100));
  if (!multiplies) return first;
  const value = Math.round(100 * (first?.value ?? 1));
  const rest = hundred.ordinal ? undefined : readBelowHundred(words, words[end + 1] === 'and' ? end + 2 : end + 1);
  return rest ? { ...rest, value: value + rest.value } : { value, end: end + 1, ordinal: hundred.ordinal };
}

/** Groups with falling scales: "two million three hundred thousand and five". */
function readCardinal(words: readonly string[], at: number): Reading | undefined {
  let sum: Reading | undefined;
  let limit = LARGEST_MULTIPLIED ** 3;
  for (;;) {
    const from: number = sum?.end ?? at;
    const group: Reading | undefined =
      readGroup(words, from) ??
      (sum === undefined
        ? wordAt(words, from)?.kind === 'scale'
          ? { value: 1, end: from, ordinal: false }
          : undefined
        : words[from] === 'and'
          ? readBelowHundred(words, from + 1)
          : undefined);
    if (group === undefined) return sum;
    const scale = group.ordinal ? undefined : wordAt(words, group.end);
    if (scale?.kind === 'scale' && scale.value < limit && group.value < LARGEST_MULTIPLIED) {
      const value = (sum?.value ?? 0) + Number((group.value * scale.value).toPrecision(15));
      sum = { value, end: group.end + 1, ordinal: scale.ordinal };
      limit = scale.value;
      if (scale.ordinal) return sum;
      continue;
    }
    if (sum === undefined) return group;
    return group.value < limit && Number.isInteger(group.value) ? { ...group, value: sum.value + group.value } : sum;
  }
}

/** Years in two halves: "nineteen eighty four", "twenty twenty six". From 1300 on, so that no time of day is one. */
function readYear(words: readonly string[], at: number): Reading | undefined {
  const century = readBelowHundred(words, at);
  if (century === undefined || century.ordinal || century.value < 13 || century.value > 20) return undefined;
  const year = readBelowHundred(words, century.end);
  if (year === undefined || year.ordinal || year.value < 10) return undefined;
  const next = wordAt(words, year.end)?.kind;
  return next === 'hundred' || next === 'scale' ? undefined : { ...year, value: 100 * century.value + year.value };
}

/** The digits after "point": "two five", "twenty five", "oh five", "25". */
function readDecimals(words: readonly string[], at: number): { digits: string; end: number } {
  let digits = '';
  let end = at;
  for (; ; end++) {
    const word = words[end] ?? '';
    const number = NUMBER_WORDS.get(word);
    if (word === 'oh' || word === 'o') digits += '0';
    else if (/^\d{1,2}$/.test(word)) digits += word;
    else if (number?.kind === 'one' && !number.ordinal && number.value < 10) digits += String(number.value);
    else break;
  }
  if (digits !== '') return { digits, end };
  const pair = readBelowHundred(words, at);
  return pair === undefined || pair.ordinal ? { digits, end: at } : { digits: String(pair.value), end: pair.end };
}

function suffixOf(value: number): string {
  const [tens, ones] = [value % 100, value % 10];
  if (tens >= 11 && tens <= 13) return 'th';
  return ones === 1 ? 'st' : ones === 2 ? 'nd' : ones === 3 ? 'rd' : 'th';
}

/** A numeral keeps its digits as they are (007 too) but for zeros at the end of a fraction. */
function canonical(numeral: string): string {
  return numeral.includes('.') ? numeral.replace(/\.?0+$/, '') : numeral;
}

function textOf({ value, end, ordinal }: Reading, words: readonly string[], at: number): string {
  const only = words[at] ?? '';
  if (end === at + 1 && NUMERAL.test(only)) return canonical(only);
  return `${value}${ordinal ? suffixOf(value) : ''}`;
}

/** The number that begins at a word, and the place after it. */
function readNumber(words: readonly string[], at: number): { text: string; end: number } | undefined {
  const afterArticle = wordAt(words, at + 1);
  const article = words[at] === 'a' && afterArticle !== undefined && !afterArticle.ordinal && afterArticle.value >= 100;
  const start = article ? at + 1 : at;
  const whole = readYear(words, start) ?? readCardinal(words, start);
  if (whole === undefined) return undefined;
  const text = textOf(whole, words, start);
  const none = { text, end: whole.end };
  if (words[whole.end] !== 'point' || !/^\d+$/.test(text)) return none;
  const { digits, end } = readDecimals(words, whole.end + 1);
  if (digits === '') return none;
  const scale = wordAt(words, end);
  const decimal = canonical(`${text}.${digits}`);
  if (scale?.kind !== 'scale' || scale.ordinal || whole.value >= LARGEST_MULTIPLIED) return { text: decimal, end };
  return { text: String(Number((Number(decimal) * scale.value).toPrecision(15))), end: end + 1 };
}

function readOnce(words: readonly string[]): string[] {
  const read: string[] = [];
  for (let at = 0; at < words.length;) {
    const number = readNumber(words, at);
    read.push(number?.text ?? words[at] ?? '');
    at = number?.end ?? at + 1;
  }
  return read;
}

/**
 * Numbers of an English text in one form: digits. "twenty five" is 25, "one hundred and five" 105, "three point two five"
 * 3.25, "twenty first" 21st, "1.5 million" 1500000, "nineteen eighty four" 1984, "a hundred" 100. Digits spoken one by
 * one stay apart ("one two three" is 1 2 3), and "second" is always 2nd.
 * @param words in lower case, without punctuation but for the point in a number
 */
export function normalizeEnglishNumbers(words: readonly string[]): string[] {
  const read = readOnce(words);
  // What was read can become a part of what stands before it ("20 point" before ".5 hundred"); each round that
  // changes more than the spelling leaves fewer words, so this ends.
  return read.join(' ') === words.join(' ') ? read : normalizeEnglishNumbers(read);
}
