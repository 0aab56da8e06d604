import fc from 'fast-check';
import { charactersOf, normalizeText, wordsOf } from './normalization';

const english = (text: string) => normalizeText(text, 'en-US');

describe('English numbers come in one form', () => {
  it.each([
    ['twenty five', '25'],
    ['Twenty-five', '25'],
    ['25', '25'],
    ['one hundred and five', '105'],
    ['a hundred', '100'],
    ['two hundred', '200'],
    ['a thousand and one nights', '1001 nights'],
    ['two thousand three hundred forty five', '2345'],
    ['1,234,567', '1234567'],
    ['one million two hundred thousand', '1200000'],
    ['1.5 million', '1500000'],
    ['one point five million', '1500000'],
    ['three point two five', '3.25'],
    ['three point twenty five', '3.25'],
    ['three point oh five', '3.05'],
    ['3.50', '3.5'],
    ['2.0', '2'],
    ['.5', '0.5'],
    ['zero point five', '0.5'],
    ['first, second, third', '1st 2nd 3rd'],
    ['the twenty-first of May', 'the 21st of may'],
    ['the 21st of May', 'the 21st of may'],
    ['one hundred and twelfth', '112th'],
    ['fortieth', '40th'],
    ['nineteen eighty four', '1984'],
    ['nineteen hundred', '1900'],
    ['twenty twenty six', '2026'],
    ['two thousand twenty six', '2026'],
    ['eleven thirty', '11 30'],
    ['11:30', '11 30'],
    ['one two three', '1 2 3'],
    ['007', '007'],
    ['five million million', '5000000 1000000'],
    ['at this point two patients', 'at this point 2 patients'],
  ])('%s is %s', (written, normalized) => expect(english(written)).toBe(normalized));
});

describe('English text', () => {
  it.each([
    ["Don't, the patient’s well!", 'dont the patients well'],
    ['A 4mm nodule', 'a 4 mm nodule'],
    ['L4-L5', 'l4 l5'],
    ['5%', '5 percent'],
    ['five percent', '5 percent'],
    ['$20', '20 dollars'],
    ['ground-glass (right upper lobe).', 'ground glass right upper lobe'],
    ['ﬁne\u00ad print\u200b', 'fine print'],
    ['...', ''],
  ])('%s is %s', (written, normalized) => expect(english(written)).toBe(normalized));
});

describe('other languages', () => {
  it('fold case as the language does', () => {
    expect(normalizeText('STRASSE, Straße!', 'de')).toBe('strasse strasse');
    expect(normalizeText('IŞIK', 'tr')).toBe(normalizeText('ışık', 'tr'));
    expect(normalizeText('Ça va?', 'fr-CA')).toBe('ça va');
  });

  it('keep their own number words, and take scripts without spaces and unknown tags', () => {
    expect(normalizeText('fünf 5', 'de')).toBe('fünf 5');
    expect(wordsOf(normalizeText('これは、テストです。', 'ja'))).toEqual(['これは', 'テストです']);
    expect(charactersOf('日本 語')).toEqual(['日', '本', ' ', '語']);
    expect(normalizeText('Hi!', '???')).toBe('hi');
  });
});

const numberish = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'twenty',
        'one',
        'five',
        'second',
        'hundred',
        'thousand',
        'million',
        'point',
        'and',
        'a',
        'oh',
        '3',
        '1.50',
        '.5',
        '21st',
        '5mm',
        'x',
        '%',
        '$',
        ',',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .chain((parts) => fc.constantFrom(' ', '-', '').map((glue) => parts.join(glue)));

describe('normalization', () => {
  it.each(['en', 'de', 'tr', 'und'])('changes nothing when done twice (%s)', (language) => {
    fc.assert(
      fc.property(numberish, (text) => {
        const once = normalizeText(text, language);
        expect(normalizeText(once, language)).toBe(once);
      }),
      { numRuns: 400 },
    );
  });

  it('is blind to case, to punctuation after words and to the kind of space', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(words, fc.constantFrom(', ', '. ', ' -- ', '\u00a0', '\t\n'), (list, glue) => {
        expect(english(list.join(glue).toUpperCase())).toBe(english(list.join(' ')));
      }),
    );
  });

  it('reads back every whole number up to a million that is spoken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), (value) => {
        expect(english(spoken(value))).toBe(String(value));
      }),
    );
  });
});

/** The textbook rendering, with "and". */
function spoken(value: number): string {
  const small =
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
      ' ',
    );
  const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
  if (value < 20) return small[value] ?? '';
  if (value < 100) return `${tens[Math.floor(value / 10) - 2] ?? ''}${value % 10 ? `-${spoken(value % 10)}` : ''}`;
  const [unit, name] = value < 1000 ? [100, 'hundred'] : [1000, 'thousand'];
  const rest = value % unit;
  const link = rest === 0 ? '' : rest < 100 ? ' and ' : ' ';
  return `${spoken(Math.floor(value / unit))} ${name}${link}${rest ? spoken(rest) : ''}`;
}
