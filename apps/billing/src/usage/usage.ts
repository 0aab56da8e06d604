import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';

/** A recording that a run was trained on. */
export interface UsageItem {
  itemId: ItemId;
  /** Of the file as the customer sent it: what tells one recording from another. */
  audioSha256: string;
  /** Decoded milliseconds. */
  audioMs: number;
}

/** What one succeeded run was trained on. Recorded once, never changed. */
export interface Usage {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  items: readonly UsageItem[];
}

/** Decoded milliseconds of training audio, each item counted. */
export function trainingMsOf(usage: Usage): number {
  return usage.items.reduce((sum, { audioMs }) => sum + audioMs, 0);
}
