import fc from 'fast-check';
import { align, countErrors } from './alignment';
import { errorsOf, referenceLengthOf } from './error-rate';

/** The textbook table: [edits, substitutions] of the cheapest alignment, fewest edits first, then fewest substitutions. */
function oracle(reference: readonly string[], hypothesis: readonly string[]): [number, number] {
  const better = (a: [number, number], b: [number, number]) => (a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1]) ? a : b);
  const table: [number, number][][] = [
    hypothesis.map((_, h) => [h, 0] as [number, number]).concat([[hypothesis.length, 0]]),
  ];
  for (let r = 1; r <= reference.length; r++) {
    const row: [number, number][] = [[r, 0]];
    const above = table[r - 1] ?? [];
    for (let h = 1; h <= hypothesis.length; h++) {
      const [diagonal, up, left] = [above[h - 1], above[h], row[h - 1]] as [
        [number, number],
        [number, number],
        [number, number],
      ];
      const wrong = reference[r - 1] === hypothesis[h - 1] ? 0 : 1;
      row.push(better([diagonal[0] + wrong, diagonal[1] + wrong], better([up[0] + 1, up[1]], [left[0] + 1, left[1]])));
    }
    table.push(row);
  }
  return table.at(-1)?.at(-1) ?? [0, 0];
}

const tokens = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });

/** A long text and a version of it with about one edit in `every` words. */
function longPair(length: number, every: number): [string[], string[]] {
  const reference = Array.from({ length }, (_, i) => `w${(i * 7919) % 997}`);
  const edits = [() => [], () => ['x'], (word: string) => [word, 'y']];
  const hypothesis = reference.flatMap((word, i) => (i % every ? [word] : (edits[(i / every) % 3]?.(word) ?? [])));
  return [reference, hypothesis];
}

describe('alignment', () => {
  it('has the counts of the textbook table', () => {
    fc.assert(
      fc.property(tokens, tokens, (reference, hypothesis) => {
        const counts = countErrors(reference, hypothesis);
        expect([errorsOf(counts), counts.substitutions]).toEqual(oracle(reference, hypothesis));
        expect(referenceLengthOf(counts)).toBe(reference.length);
        expect(counts.hits + counts.substitutions + counts.insertions).toBe(hypothesis.length);
      }),
      { numRuns: 500 },
    );
  });

  it('holds every token once, in order, and hits are equal tokens', () => {
    fc.assert(
      fc.property(tokens, tokens, (reference, hypothesis) => {
        const pairs = align(reference, hypothesis);
        expect(pairs.map((pair) => pair.reference).filter((token) => token !== null)).toEqual(reference);
        expect(pairs.map((pair) => pair.hypothesis).filter((token) => token !== null)).toEqual(hypothesis);
        for (const pair of pairs) {
          expect(pair.operation === 'hit').toBe(pair.reference === pair.hypothesis);
          expect(pair.operation === 'deletion').toBe(pair.hypothesis === null);
          expect(pair.operation === 'insertion').toBe(pair.reference === null);
        }
      }),
    );
  });

  it('finds no error in equal texts, and only deletions or insertions against an empty one', () => {
    fc.assert(
      fc.property(tokens, (text) => {
        const length = text.length;
        expect(countErrors(text, text)).toEqual({ hits: length, substitutions: 0, deletions: 0, insertions: 0 });
        expect(countErrors(text, [])).toEqual({ hits: 0, substitutions: 0, deletions: length, insertions: 0 });
        expect(countErrors([], text)).toEqual({ hits: 0, substitutions: 0, deletions: 0, insertions: length });
      }),
    );
  });

  it('changes deletions and insertions when the sides change', () => {
    fc.assert(
      fc.property(tokens, tokens, (reference, hypothesis) => {
        const { hits, substitutions, deletions, insertions } = countErrors(reference, hypothesis);
        expect(countErrors(hypothesis, reference)).toEqual({
          hits,
          substitutions,
          deletions: insertions,
          insertions: deletions,
        });
      }),
    );
  });

  it('keeps its counts where it halves large problems instead of keeping a table', () => {
    for (const every of [2, 7]) {
      const [reference, hypothesis] = longPair(1100, every);
      const counts = countErrors(reference, hypothesis);
      expect([errorsOf(counts), counts.substitutions]).toEqual(oracle(reference, hypothesis));
    }
  });

  it('aligns the words of an hour within 64 MB, also when hardly any word is right', () => {
    const [reference, hypothesis] = longPair(10_000, 3);
    const before = process.memoryUsage().arrayBuffers;
    const counts = countErrors(reference, hypothesis);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
    expect(referenceLengthOf(counts)).toBe(10_000);
    const other = reference.map((_, i) => `v${i % 1000}`);
    expect(countErrors(reference, other).substitutions).toBe(10_000);
  });
});
