/** What became of one reference or hypothesis token. */
export const operations = ['hit', 'substitution', 'deletion', 'insertion'] as const;
export type Operation = (typeof operations)[number];

const HIT = 0;
const SUBSTITUTION = 1;
const DELETION = 2;
const INSERTION = 3;

/**
 * Every edit costs EDIT and a substitution 1 more: first the fewest edits, then, among those, the most hits.
 * So the counts of each kind are unique: they depend on the texts alone, not on how the algorithm breaks ties.
 */
const EDIT = 2 ** 24;
const UNREACHED = Number.POSITIVE_INFINITY;

/** Problems with at most this many cells are solved with a table of moves (1 byte a cell); larger ones are halved. */
const TABLE_CELLS = 2 ** 20;

/** Part of the two token sequences: from `r` to `rEnd` of the reference, from `h` to `hEnd` of the hypothesis. */
interface Region {
  readonly r: number;
  readonly rEnd: number;
  readonly h: number;
  readonly hEnd: number;
}

/** Tokens as numbers: equal tokens have equal numbers. */
function encode(reference: readonly string[], hypothesis: readonly string[]): [Uint32Array, Uint32Array] {
  const numbers = new Map<string, number>();
  const number = (token: string) => {
    const known = numbers.get(token) ?? numbers.size;
    numbers.set(token, known);
    return known;
  };
  return [Uint32Array.from(reference, number), Uint32Array.from(hypothesis, number)];
}

/**
 * Levenshtein alignment in memory linear in the lengths (Hirschberg 1975), and in time that is small where few tokens
 * differ: only cells within the known number of edits of the diagonal are looked at (Ukkonen 1985).
 */
class Aligner {
  private readonly path: Uint8Array;
  private length = 0;

  constructor(
    private readonly reference: Uint32Array,
    private readonly hypothesis: Uint32Array,
  ) {
    this.path = new Uint8Array(reference.length + hypothesis.length);
  }

  run(): Uint8Array {
    const region = { r: 0, rEnd: this.reference.length, h: 0, hEnd: this.hypothesis.length };
    this.align(region, this.distance(region));
    return this.path.subarray(0, this.length);
  }

  /** The least number of edits, found with a band that doubles until the result proves that it was wide enough. */
  private distance({ r, rEnd, h, hEnd }: Region): number {
    const most = Math.max(rEnd - r, hEnd - h);
    for (let band = Math.max(64, Math.abs(rEnd - r - (hEnd - h))); ; band *= 2) {
      const costs = this.lastRow({ r, rEnd, h, hEnd }, band, false);
      const edits = Math.floor((costs[hEnd - h] ?? UNREACHED) / EDIT);
      if (edits <= band || band >= most) return edits;
    }
  }

  /** @param edits the region's distance */
  private align(region: Region, edits: number): void {
    let { r, rEnd, h, hEnd } = region;
    while (r < rEnd && h < hEnd && this.reference[r] === this.hypothesis[h]) {
      this.push(HIT, 1);
      r++;
      h++;
    }
    let tail = 0;
    while (r < rEnd && h < hEnd && this.reference[rEnd - 1] === this.hypothesis[hEnd - 1]) {
      tail++;
      rEnd--;
      hEnd--;
    }
    this.alignMiddle({ r, rEnd, h, hEnd }, edits);
    this.push(HIT, tail);
  }

  private alignMiddle({ r, rEnd, h, hEnd }: Region, edits: number): void {
    const [rows, columns] = [rEnd - r, hEnd - h];
    if (rows === 0) this.push(INSERTION, columns);
    else if (columns === 0) this.push(DELETION, rows);
    else if ((rows + 1) * (columns + 1) <= TABLE_CELLS || rows === 1) this.alignByTable({ r, rEnd, h, hEnd });
    else {
      const middle = r + (rows >> 1);
      const before = this.lastRow({ r, rEnd: middle, h, hEnd }, edits, false);
      const after = this.lastRow({ r: middle, rEnd, h, hEnd }, edits, true);
      let [split, least] = [0, UNREACHED];
      for (let column = 0; column <= columns; column++) {
        const cost = (before[column] ?? UNREACHED) + (after[columns - column] ?? UNREACHED);
        if (cost < least) [split, least] = [column, cost];
      }
      const editsBefore = Math.floor((before[split] ?? 0) / EDIT);
      this.align({ r, rEnd: middle, h, hEnd: h + split }, editsBefore);
      this.align({ r: middle, rEnd, h: h + split, hEnd }, Math.floor(least / EDIT) - editsBefore);
    }
  }

  /**
   * Least costs of turning the whole reference region into each beginning of the hypothesis region (or, backward, each
   * end of it); Infinity outside of `band` cells beside the diagonal.
   */
  private lastRow({ r, rEnd, h, hEnd }: Region, band: number, backward: boolean): Float64Array {
    const [rows, columns] = [rEnd - r, hEnd - h];
    const costs = new Float64Array(columns + 1).fill(UNREACHED);
    for (let column = 0; column <= Math.min(columns, band); column++) costs[column] = column * EDIT;
    for (let row = 1; row <= rows; row++) {
      const token = this.reference[backward ? rEnd - row : r + row - 1];
      const first = Math.max(1, row - band);
      const last = Math.min(columns, row + band);
      let diagonal = costs[first - 1] ?? UNREACHED;
      let left = first === 1 && row <= band ? row * EDIT : UNREACHED;
      costs[first - 1] = left;
      for (let column = first; column <= last; column++) {
        const above = costs[column] ?? UNREACHED;
        const same = token === this.hypothesis[backward ? hEnd - column : h + column - 1];
        let cheapest = same ? diagonal : diagonal + EDIT + 1;
        if (above + EDIT < cheapest) cheapest = above + EDIT;
        if (left + EDIT < cheapest) cheapest = left + EDIT;
        costs[column] = cheapest;
        left = cheapest;
        diagonal = above;
      }
    }
    return costs;
  }

  /** The whole table of moves, walked back from its end. */
  private alignByTable({ r, rEnd, h, hEnd }: Region): void {
    const [rows, columns] = [rEnd - r, hEnd - h];
    const width = columns + 1;
    const moves = new Uint8Array((rows + 1) * width).fill(INSERTION, 0, width);
    const costs = Float64Array.from({ length: width }, (_, column) => column * EDIT);
    for (let row = 1; row <= rows; row++) {
      const token = this.reference[r + row - 1];
      let diagonal = costs[0] ?? 0;
      let left = row * EDIT;
      costs[0] = left;
      moves[row * width] = DELETION;
      for (let column = 1; column <= columns; column++) {
        const above = costs[column] ?? 0;
        const same = token === this.hypothesis[h + column - 1];
        let move = same ? HIT : SUBSTITUTION;
        let cheapest = same ? diagonal : diagonal + EDIT + 1;
        if (above + EDIT < cheapest) [move, cheapest] = [DELETION, above + EDIT];
        if (left + EDIT < cheapest) [move, cheapest] = [INSERTION, left + EDIT];
        moves[row * width + column] = move;
        costs[column] = cheapest;
        left = cheapest;
        diagonal = above;
      }
    }
    const start = this.length;
    for (let [row, column] = [rows, columns]; row > 0 || column > 0;) {
      const move = moves[row * width + column] ?? HIT;
      this.push(move, 1);
      if (move !== INSERTION) row--;
      if (move !== DELETION) column--;
    }
    this.path.subarray(start, this.length).reverse();
  }

  private push(operation: number, times: number): void {
    this.path.fill(operation, this.length, this.length + times);
    this.length += times;
  }
}

function operationsOf(reference: readonly string[], hypothesis: readonly string[]): Uint8Array {
  return new Aligner(...encode(reference, hypothesis)).run();
}

/** One step of an alignment; the side that has no token there is null. */
export interface AlignedPair {
  readonly operation: Operation;
  readonly reference: string | null;
  readonly hypothesis: string | null;
}

/** Pairs the tokens with the fewest edits and, among those alignments, the most hits; in the order of the texts. */
export function align(reference: readonly string[], hypothesis: readonly string[]): AlignedPair[] {
  let [r, h] = [0, 0];
  return Array.from(operationsOf(reference, hypothesis), (code) => ({
    operation: operations[code] ?? 'hit',
    reference: code === INSERTION ? null : (reference[r++] ?? null),
    hypothesis: code === DELETION ? null : (hypothesis[h++] ?? null),
  }));
}

/** How many reference tokens were hit, substituted and deleted, and how many tokens were inserted. */
export interface ErrorCounts {
  readonly hits: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

/** Counts of the alignment that `align` gives; they are unique for any two sequences. */
export function countErrors(reference: readonly string[], hypothesis: readonly string[]): ErrorCounts {
  const counts = [0, 0, 0, 0];
  for (const code of operationsOf(reference, hypothesis)) counts[code] = (counts[code] ?? 0) + 1;
  const [hits = 0, substitutions = 0, deletions = 0, insertions = 0] = counts;
  return { hits, substitutions, deletions, insertions };
}
