import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';
import { digestOf } from '../ledger/digest';

/** A recording that a run was trained on. */
export interface UsageItem {
  itemId: ItemId;
  /** Of the file as the customer sent it: what tells one recording from another. */
  audioSha256: string;
  /** Decoded milliseconds. */
  audioMs: number;
}

/** A run that succeeded, with the place of its frozen data. */
export interface SucceededRun {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  snapshotKey: string;
  snapshotSha256: string;
  /** The total that the run was announced with. */
  trainingMs: number;
  succeededAt: Date;
}

/** What one succeeded run was trained on. Recorded once, never changed. */
export interface Usage {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  items: readonly UsageItem[];
  /** When the run succeeded. */
  occurredAt: Date;
}

/** Decoded milliseconds of training audio, each item counted. */
export function trainingMsOf(usage: Usage): number {
  return usage.items.reduce((sum, { audioMs }) => sum + audioMs, 0);
}

/** Of everything that a run is charged by; the same however its items are ordered, and whenever it was heard of. */
export function payloadDigestOf(usage: Omit<Usage, 'occurredAt'>): string {
  const items = [...usage.items].sort((a, b) => (a.itemId < b.itemId ? -1 : 1));
  return digestOf([
    usage.organizationId,
    usage.modelId,
    usage.runId,
    items.map(({ itemId, audioSha256, audioMs }) => [itemId, audioSha256, audioMs]),
  ]);
}
