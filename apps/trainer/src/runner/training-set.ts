import { createHash } from 'node:crypto';
import type { SnapshotItem } from '@attune/events';

/** Which recordings are trained on and which the result is measured on. */
export interface Split {
  train: SnapshotItem[];
  test: SnapshotItem[];
  evaluatedOn: 'test_set' | 'held_out';
}

const HELD_OUT_FRACTION = 0.2;

/**
 * The customer's own test set where there is one. Else a fifth of the training recordings, at least one, is kept out of training: chosen by
 * hash, so that it is the same in every attempt and for every order of upload. Null when nothing would be left to train or to test on.
 */
export function splitSnapshot(items: readonly SnapshotItem[]): Split | null {
  const train = items.filter(({ data_type }) => data_type === 'train');
  const test = items.filter(({ data_type }) => data_type === 'test');
  if (test.length > 0) return train.length > 0 ? { train, test, evaluatedOn: 'test_set' } : null;
  if (train.length < 2) return null;
  const held = new Set([...train].sort(byHash).slice(0, Math.max(1, Math.round(train.length * HELD_OUT_FRACTION))));
  return {
    train: train.filter((item) => !held.has(item)),
    test: train.filter((item) => held.has(item)),
    evaluatedOn: 'held_out',
  };
}

/** By content, so that a recording uploaded anew falls on the same side; by id where two are the same. */
function byHash(a: SnapshotItem, b: SnapshotItem): number {
  return orderOf(a) < orderOf(b) ? -1 : 1;
}

function orderOf(item: SnapshotItem): string {
  return createHash('sha256').update(`held-out ${item.audio_sha256}`).digest('hex') + item.item_id;
}
