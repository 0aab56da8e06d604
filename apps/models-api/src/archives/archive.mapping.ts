import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { DataType, ItemIssue, ItemStatus } from '../data-items/data-item';
import type { Archive, ArchiveFormat, ArchiveMember, ArchiveStatus, MemberOutcome } from './archive';

export interface ArchiveRow {
  id: string;
  organization_id: string;
  model_id: number;
  status: ArchiveStatus;
  filename: string;
  format: ArchiveFormat;
  bytes: number;
  data_type: DataType | null;
  refusal_code: string | null;
  refusal_message: string | null;
  created_at: Date;
  finished_at: Date | null;
}

export function fromRowArchive(row: ArchiveRow): Archive {
  return {
    archiveId: row.id,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    status: row.status,
    filename: row.filename,
    format: row.format,
    bytes: row.bytes,
    dataType: row.data_type,
    refusal: toRefusal(row.refusal_code, row.refusal_message),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}

/** A member with its item as it is now. */
export interface MemberRow {
  name: string;
  outcome: MemberOutcome;
  data_type: DataType | null;
  refusal_code: string | null;
  refusal_message: string | null;
  item_id: string | null;
  item_status: ItemStatus | null;
  item_issues: ItemIssue[] | null;
}

export function fromRowMember(row: MemberRow): ArchiveMember {
  return {
    name: row.name,
    outcome: row.outcome,
    dataType: row.data_type,
    refusal: toRefusal(row.refusal_code, row.refusal_message),
    item:
      row.item_id !== null && row.item_status !== null
        ? { id: row.item_id as ItemId, status: row.item_status, issues: row.item_issues ?? [] }
        : null,
  };
}

function toRefusal(code: string | null, message: string | null): Archive['refusal'] {
  return code === null ? null : { code, message: message ?? '' };
}
