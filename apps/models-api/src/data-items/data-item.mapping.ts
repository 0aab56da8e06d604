import type { SnapshotItem } from '@attune/events';
import type { DataSummary, DataType, ItemIssue, ItemStatus, Rejection } from './data-item';

export interface CountsRow {
  data_type: DataType;
  processing: number;
  ready: number;
  rejected: number;
  audio_ms: number;
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
