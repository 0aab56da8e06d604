import fc from 'fast-check';
import type { SnapshotItem } from '@attune/events';
import { newId } from '@attune/kernel';
import { splitSnapshot } from './training-set';

function items(train: number, test: number): SnapshotItem[] {
  return Array.from({ length: train + test }, (_, i) => ({
    item_id: newId(),
    data_type: i < train ? 'train' : 'test',
    audio_sha256: `sha256:${String(i).padStart(64, '0')}`,
    audio_ms: 1000,
    normalized_key: 'k',
    normalized_sha256: `sha256:${'1'.repeat(64)}`,
    transcript_key: 'k',
    transcript_sha256: `sha256:${'2'.repeat(64)}`,
  }));
}

describe('the split of a snapshot', () => {
  it("takes the customer's own test set as it is", () => {
    expect(splitSnapshot(items(4, 2))).toMatchObject({
      evaluatedOn: 'test_set',
      train: { length: 4 },
      test: { length: 2 },
    });
  });

  it('keeps a fifth of the training recordings out, at least one, the same in every order and never on both sides', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 }),
        (n, random) => {
          const given = items(n, 0);
          const split = splitSnapshot(given);
          const shuffled = given.map((item, i) => ({ item, at: random[i] ?? 0 })).sort((a, b) => a.at - b.at);
          const again = splitSnapshot(shuffled.map(({ item }) => item));
          const held = (s: typeof split): string[] => (s?.test ?? []).map(({ item_id }) => item_id).sort();
          expect(held(split)).toEqual(held(again));
          expect(held(split).length).toBe(Math.max(1, Math.round(n / 5)));
          expect(split?.evaluatedOn).toBe('held_out');
          expect((split?.train.length ?? 0) + held(split).length).toBe(n);
          expect(split?.train.some((item) => held(split).includes(item.item_id))).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is impossible when nothing would be left to train or to test on', () => {
    expect(splitSnapshot(items(1, 0))).toBeNull();
    expect(splitSnapshot(items(0, 3))).toBeNull();
    expect(splitSnapshot([])).toBeNull();
  });
});
