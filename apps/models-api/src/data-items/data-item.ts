import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';

export type DataType = 'train' | 'test';
/** `processing` until ingestion has judged the pair; `warning` is usable and has issues. */
export type ItemStatus = 'processing' | 'ok' | 'warning' | 'rejected';

/** Something about an item that its owner should know. */
export interface ItemIssue {
  code: string;
  severity: 'warning' | 'error';
  message: string;
  fix: string;
}

/** A pair of audio and transcript as it was uploaded. Names are what the client called the files: data, never a path. */
export interface UploadedPair {
  id: ItemId;
  organizationId: OrganizationId;
  modelId: ModelId;
  dataType: DataType;
  audioFilename: string;
  transcriptFilename: string;
  audioSha256: string;
  audioBytes: number;
  /** Of the transcript's text as it will be stored; null when the text cannot be read, which is ingestion's to say. */
  textSha256: string | null;
}

/** An item as its owner sees it. */
export interface DataItem extends UploadedPair {
  status: ItemStatus;
  issues: ItemIssue[];
  /** Of decoded samples; null until the pair is judged, and for a rejected one. */
  audioMs: number | null;
  normalizedKey: string | null;
  normalizedSha256: string | null;
  transcriptKey: string | null;
  transcriptSha256: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Where the bytes of an item lie that is ready. */
export interface ReadyItem extends DataItem {
  audioMs: number;
  normalizedKey: string;
  normalizedSha256: string;
  transcriptKey: string;
  transcriptSha256: string;
}

export interface DataFilter {
  type?: DataType | undefined;
  status?: ItemStatus | undefined;
  /** The code of an issue. */
  issue?: string | undefined;
}

/** One item of a model, as a path names it. */
export interface ItemRef {
  organizationId: OrganizationId;
  modelId: ModelId;
  id: ItemId;
}

/** What ingestion made of a good pair. `audioMs` is of decoded samples. */
export interface NormalizedPair {
  audioMs: number;
  normalizedKey: string;
  normalizedSha256: string;
  transcriptKey: string;
  transcriptSha256: string;
  issues: ItemIssue[];
}

export interface Rejection {
  code: 'UNSUPPORTED_AUDIO_FORMAT' | 'INVALID_TRANSCRIPT' | 'VALIDATION_ERROR';
  message: string;
  issues: ItemIssue[];
}

/** Counts of one type's items, and the decoded milliseconds of those that are ready. */
export interface ItemCounts {
  processing: number;
  ready: number;
  rejected: number;
  audioMs: number;
}
export type DataSummary = Record<DataType, ItemCounts>;

/** The counts, and which versions used items that are gone since. */
export interface DataOverview extends DataSummary {
  versionsOnDeletedData: { version: number; runId: RunId; items: number }[];
}

/** Whether training may use the item; only then it has bytes to download. */
export function isReady(item: DataItem): item is ReadyItem {
  return item.status === 'ok' || item.status === 'warning';
}

/** What becomes of a pair whose recording is stored already. Rejected items have no bytes and are passed over. */
export type Twin = 'same' | 'other_transcript' | 'other_type';

export function compareTwin(stored: Pick<DataItem, 'dataType' | 'textSha256'>, sent: UploadedPair): Twin {
  if (stored.textSha256 !== sent.textSha256) return 'other_transcript';
  return stored.dataType === sent.dataType ? 'same' : 'other_type';
}

export function statusOfValidated(issues: readonly ItemIssue[]): ItemStatus {
  return issues.length === 0 ? 'ok' : 'warning';
}

const MAX_FILENAME_LENGTH = 255;

/**
 * A client's file name as something to show: its last path segment without control or direction-changing characters,
 * at most 255 characters. It never becomes part of a key or a path. Empty names get `fallback`.
 */
export function displayFilename(name: string | undefined, fallback: string): string {
  const last = (name ?? '').split(/[/\\]/).at(-1) ?? '';

  const plain = last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '').trim();
  const shown = plain === '.' || plain === '..' ? '' : Array.from(plain).slice(0, MAX_FILENAME_LENGTH).join('');
  return shown === '' ? fallback : shown;
}
