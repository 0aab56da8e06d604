import type { ErrorCode, ItemId, ModelId, OrganizationId } from '@attune/kernel';

/** Whose pair it is; its object keys follow from this. */
export interface ItemRef {
  organizationId: OrganizationId;
  modelId: ModelId;
  itemId: ItemId;
}

/** A pair in quarantine, as models-api took it in. */
export interface UploadedItem extends ItemRef {
  audioKey: string;
  transcriptKey: string;
  audioBytes: number;
}

/** Something about an item that its owner should know, and what to do about it. */
export interface Issue {
  code: string;
  severity: 'warning' | 'error';
  message: string;
  fix: string;
}

export type RejectionCode = Extract<ErrorCode, 'UNSUPPORTED_AUDIO_FORMAT' | 'INVALID_TRANSCRIPT'>;

export interface ValidatedReport {
  outcome: 'validated';
  /** Of decoded samples. */
  audioMs: number;
  container: string;
  codec: string;
  sourceSampleRate: number;
  channels: number;
  wordCount: number;
  normalizedSha256: string;
  transcriptSha256: string;
  issues: Issue[];
}

export interface RejectedReport {
  outcome: 'rejected';
  code: RejectionCode;
  /** The rule that was broken: a word for logs and counts. */
  reason: string;
  message: string;
  issues: Issue[];
}

/** What ingestion says of a pair: once, and for ever. */
export type Report = ValidatedReport | RejectedReport;

/** A rejection with the one issue that says the same in the owner's words. */
export function rejected(code: RejectionCode, reason: string, message: string, fix: string): RejectedReport {
  const issue: Issue = { code: reason.toUpperCase(), severity: 'error', message, fix };
  return { outcome: 'rejected', code, reason, message, issues: [issue] };
}
