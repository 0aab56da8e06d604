import fc from 'fast-check';
import { pairedBootstrap } from './confidence';
import { accuracyImprovement, errorRate, errorsOf, referenceLengthOf, sumCounts, werWord } from './error-rate';
import { scoreItem, sumScores } from './score';

const counts = fc.record({
  hits: fc.nat(50),
  substitutions: fc.nat(50),
  deletions: fc.nat(50),
  insertions: fc.nat(50),
});

describe('error rate', () => {
  it('is errors over reference tokens in percent, and may pass 100', () => {
    expect(errorRate({ hits: 8, substitutions: 1, deletions: 1, insertions: 0 })).toBe(20);
    expect(errorRate({ hits: 0, substitutions: 1, deletions: 0, insertions: 2 })).toBe(300);
  });

  it('is finite without a reference', () => {
    expect(errorRate({ hits: 0, substitutions: 0, deletions: 0, insertions: 0 })).toBe(0);
    expect(errorRate({ hits: 0, substitutions: 0, deletions: 0, insertions: 3 })).toBe(300);
  });

  it('of a corpus weighs each word alike, whatever the items', () => {
    fc.assert(
      fc.property(fc.array(counts), (items) => {
        const sum = sumCounts(items);
        expect(errorsOf(sum)).toBe(items.reduce((total, item) => total + errorsOf(item), 0));
        expect(referenceLengthOf(sum)).toBe(items.reduce((total, item) => total + referenceLengthOf(item), 0));
      }),
    );
    const items = [
      { hits: 0, substitutions: 1, deletions: 0, insertions: 0 },
      { hits: 99, substitutions: 0, deletions: 0, insertions: 0 },
    ];
    expect(errorRate(sumCounts(items))).toBe(1);
  });
});

describe('accuracy improvement', () => {
  it('is the relative reduction of word errors', () => {
    expect(accuracyImprovement(40, 10)).toBe(75);
    expect(accuracyImprovement(10, 15)).toBe(-50);
    expect(accuracyImprovement(20, 20)).toBe(0);
  });

  it('of a base without errors is 0, or -100 when the custom model errs', () => {
    expect(accuracyImprovement(0, 0)).toBe(0);
    expect(accuracyImprovement(0, 0.1)).toBe(-100);
  });
});

test.each([
  [9.9, 'excellent'],
  [10, 'very good'],
  [15, 'good'],
  [25, 'fair'],
  [35, 'fair'],
  [35.1, 'poor'],
  [140, 'poor'],
])('a word error rate of %d %% reads %s', (percent, word) => expect(werWord(percent)).toBe(word));

describe('scores of texts', () => {
  it('count the difference of form in raw rates only', () => {
    const score = scoreItem({ reference: 'A 4 mm nodule.', hypothesis: 'a four mm nodule' }, 'en');
    expect(score.raw.words).toEqual({ hits: 1, substitutions: 3, deletions: 0, insertions: 0 });
    expect(score.normalized.words).toEqual({ hits: 4, substitutions: 0, deletions: 0, insertions: 0 });
    expect(errorsOf(score.normalized.characters)).toBe(0);
  });

  it('add up', () => {
    const items = [
      { reference: 'one two', hypothesis: 'one' },
      { reference: '', hypothesis: 'you' },
      { reference: '日本語です', hypothesis: '日本語で' },
    ];
    const sum = sumScores(items.map((item) => scoreItem(item, 'en')));
    expect(sum.normalized.words).toEqual({ hits: 1, substitutions: 1, deletions: 1, insertions: 1 });
    expect(sum.raw.characters.deletions).toBe(4 + 1);
  });
});

describe('paired bootstrap', () => {
  const recordings = Array.from({ length: 60 }, (_, i) => ({
    base: { hits: 6, substitutions: 3 + (i % 3), deletions: 1, insertions: i % 2 },
    custom: { hits: 9 + (i % 3), substitutions: i % 4 === 0 ? 1 : 0, deletions: 1, insertions: 0 },
  }));

  it('holds the corpus rates, and gives the same interval for the same seed', () => {
    const intervals = pairedBootstrap(recordings, { seed: 7 });
    const base = errorRate(sumCounts(recordings.map((recording) => recording.base)));
    const custom = errorRate(sumCounts(recordings.map((recording) => recording.custom)));
    for (const [interval, value] of [
      [intervals.baseRate, base],
      [intervals.customRate, custom],
      [intervals.difference, custom - base],
      [intervals.accuracyImprovement, accuracyImprovement(base, custom)],
    ] as const) {
      expect(interval.low).toBeLessThan(value);
      expect(interval.high).toBeGreaterThan(value);
    }
    expect(pairedBootstrap(recordings, { seed: 7 })).toEqual(intervals);
    expect(pairedBootstrap(recordings, { seed: 8 })).not.toEqual(intervals);
  });

  it('covers the true rate about as often as it says', () => {
    // Recordings of 10 words, each wrong with probability .2, by a generator of its own.
    let state = 12345;
    const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
    const draw = () => {
      const substitutions = Array.from({ length: 10 }, random).filter((value) => value < 0.2).length;
      return { hits: 10 - substitutions, substitutions, deletions: 0, insertions: 0 };
    };
    const covered = Array.from({ length: 200 }, (_, seed) => {
      const sample = Array.from({ length: 50 }, () => ({ base: draw(), custom: draw() }));
      const { low, high } = pairedBootstrap(sample, { seed, samples: 200 }).baseRate;
      return low <= 20 && high >= 20;
    }).filter(Boolean).length;
    expect(covered).toBeGreaterThan(180);
    expect(covered).toBeLessThan(199);
  });

  it('is 0 wide for two equal systems', () => {
    const same = recordings.map(({ base }) => ({ base, custom: base }));
    expect(pairedBootstrap(same, { seed: 1 }).difference).toEqual({ low: 0, high: 0 });
  });

  it('refuses what has no interval', () => {
    expect(() => pairedBootstrap([], { seed: 1 })).toThrow(RangeError);
    expect(() => pairedBootstrap(recordings, { seed: 1, samples: 0 })).toThrow('samples');
    expect(() => pairedBootstrap(recordings, { seed: 1, confidence: 95 })).toThrow('confidence');
  });
});
