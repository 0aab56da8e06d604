import { seededRandom } from '../random';
import { freeRadiologySentences, generalSentences } from './free-sentences';
import { SentenceSource } from './grammar';
import { radiology } from './radiology';
import { numberInWords, spokenForm } from './spoken-form';

describe('the spoken form', () => {
  it.each([
    ['There is a 4 mm nodule.', 'There is a four millimeter nodule.'],
    ['It measures 1.2 cm in diameter.', 'It measures one point two centimeters in diameter.'],
    ['It measures up to 12 mm.', 'It measures up to twelve millimeters.'],
    ['A 4 mm infarct.', 'A four millimeter infarct.'],
    ['At L4-L5, a CT in 12 months', 'At L four L five, a C T in twelve months'],
    ['ground-glass', 'ground glass'],
    ['5 mg, 20% of 1,250 ml', 'five milligrams, twenty percent of one thousand two hundred fifty milliliters'],
    ['the 21st of 12345678', 'the 21st of 12345678'],
  ])('%s', (written, spoken) => expect(spokenForm(written)).toBe(spoken));

  it('leaves no digit in a sentence of the grammar', () => {
    const source = new SentenceSource(radiology, 'finding', seededRandom('digits'));
    for (let i = 0; i < 300; i++) expect(spokenForm(source.next())).not.toMatch(/\d/);
  });

  it('says numbers as words', () => {
    expect([0, 19, 40, 101, 999_999].map(numberInWords)).toEqual([
      'zero',
      'nineteen',
      'forty',
      'one hundred one',
      'nine hundred ninety nine thousand nine hundred ninety nine',
    ]);
  });
});

describe('sentences of a grammar', () => {
  it('never come twice, nor when they are excluded', () => {
    const first = new SentenceSource(radiology, 'finding', seededRandom('one'));
    const excluded = Array.from({ length: 100 }, () => first.next());
    const second = new SentenceSource(radiology, 'finding', seededRandom('two'), excluded);
    const all = [...excluded, ...Array.from({ length: 900 }, () => second.next())];
    expect(new Set(all).size).toBe(1000);
  });

  it('end with an error when there are no more', () => {
    const source = new SentenceSource({ start: ['one', '{two}'], two: ['a', 'b'] }, 'start', seededRandom('end'));
    expect([source.next(), source.next(), source.next()].sort()).toEqual(['a', 'b', 'one']);
    expect(() => source.next()).toThrow('no more than 3 sentences');
    expect(() => new SentenceSource({ start: ['{none}'] }, 'start', seededRandom('x')).next()).toThrow('no part none');
  });

  it('put an before a vowel', () => {
    const source = new SentenceSource(
      { start: ['A 8 mm cyst and a adenoma, a 18 mm a 80'] },
      'start',
      seededRandom('an'),
    );
    expect(source.next()).toBe('An 8 mm cyst and an adenoma, an 18 mm an 80');
  });

  it('of radiology use every part, and name none that is missing', () => {
    const named = new Set(
      Object.values(radiology).flatMap((wordings) =>
        [...wordings.join(' ').matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      ),
    );
    expect([...named].sort()).toEqual(
      Object.keys(radiology)
        .filter((part) => part !== 'finding')
        .sort(),
    );
  });
});

describe('free sentences', () => {
  it('hold terms of the grammar, in wordings that it cannot make', () => {
    const { finding, degree: _degree, changed: _changed, size: _size, ...terms } = radiology;
    const vocabulary = new Set(
      Object.values(terms)
        .flat()
        .join(' ')
        .toLowerCase()
        .match(/[a-z]{6,}/g),
    );
    const withTerm = freeRadiologySentences.filter((sentence) =>
      sentence
        .toLowerCase()
        .match(/[a-z]{6,}/g)
        ?.some((word) => vocabulary.has(word)),
    );
    expect(withTerm.length).toBeGreaterThanOrEqual(20);
    const openings = new Set(finding.map((sentence) => sentence.split(' ').slice(0, 4).join(' ')));
    for (const sentence of freeRadiologySentences)
      expect(openings).not.toContain(sentence.split(' ').slice(0, 4).join(' '));
  });

  it('are 40 of each kind, all different', () => {
    expect(new Set(freeRadiologySentences).size).toBe(40);
    expect(new Set(generalSentences).size).toBe(40);
  });
});
