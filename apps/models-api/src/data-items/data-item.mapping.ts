import type { SnapshotItem } from '@attune/events';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { DataItem, DataSummary, DataType, ItemIssue, ItemStatus, Rejection } from './data-item';

export interface CountsRow {
  data_type: DataType;
  processing: number;
  ready: number;
  rejected: number;
  audio_ms: number;
}

/** What `ItemRow` has, for every statement that reads items. */
export const ITEM_COLUMNS = `id, organization_id, model_id, data_type, status, audio_filename, transcript_filename, audio_sha256,
  audio_bytes, text_sha256, audio_ms, normalized_key, normalized_sha256, transcript_key, transcript_sha256, issues,
  created_at, updated_at`;

export interface ItemRow {
  id: string;
  organization_id: string;
  model_id: number;
  data_type: DataType;
  status: ItemStatus;
  audio_filename: string;
  transcript_filename: string;
  audio_sha256: string;
  audio_bytes: number;
  text_sha256: string | null;
  audio_ms: number | null;
  normalized_key: string | null;
  normalized_sha256: string | null;
  transcript_key: string | null;
  transcript_sha256: string | null;
  issues: ItemIssue[];
  created_at: Date;
  updated_at: Date;
}

export function fromRowItem(row: ItemRow): DataItem {
  return {
    id: row.id as ItemId,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    dataType: row.data_type,
    status: row.status,
    audioFilename: row.audio_filename,
    transcriptFilename: row.transcript_filename,
    audioSha256: row.audio_sha256,
    audioBytes: row.audio_bytes,
    textSha256: row.text_sha256,
    audioMs: row.audio_ms,
    normalizedKey: row.normalized_key,
    normalizedSha256: row.normalized_sha256,
    transcriptKey: row.transcript_key,
    transcriptSha256: row.transcript_sha256,
    issues: row.issues,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const none = { processing: 0, ready: 0, rejected: 0, audioMs: 0 };

export function fromRowsSummary(rows: readonly CountsRow[]): DataSummary {
  const countsOf = (type: DataType): DataSummary[DataType] => {
    const row = rows.find(({ data_type }) => data_type === type);
    if (!row) return none;
    return { processing: row.processing, ready: row.ready, rejected: row.rejected, audioMs: row.audio_ms };
  };
  return { train: countsOf('train'), test: countsOf('test') };
}

/** The columns of a verdict. */
export interface VerdictRow {
  id: string;
  status: ItemStatus;
  rejection_code: Rejection['code'] | null;
  rejection_message: string | null;
  issues: ItemIssue[];
}

/** What became of an item: `rejection` stands exactly where the status is `rejected`. */
export interface Verdict {
  status: ItemStatus;
  rejection: Rejection | null;
}

export function fromRowVerdict(row: VerdictRow): Verdict {
  const { rejection_code: code, rejection_message: message, issues } = row;
  return { status: row.status, rejection: code === null ? null : { code, message: message ?? 'Refused', issues } };
}

/** The columns of a snapshot line, as PostgreSQL names them: the object's own names. */
export type SnapshotRow = SnapshotItem;
