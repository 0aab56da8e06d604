import { snapshotItem } from '@attune/events';
import type { ItemId } from '@attune/kernel';
import type { UsageItem } from './usage';

/** A line of a run's snapshot as a used recording; null for test data. Throws when the line is none of a snapshot. */
export function fromSnapshotLine(line: string): UsageItem | null {
  const item = snapshotItem.parse(JSON.parse(line));
  if (item.data_type !== 'train') return null;
  return { itemId: item.item_id as ItemId, audioSha256: item.audio_sha256, audioMs: item.audio_ms };
}
