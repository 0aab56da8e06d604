import type { ApiArchive, ApiArchiveMember, ApiArchivePage } from '@attune/contracts';
import { isUuid, type OrganizationId } from '@attune/kernel';
import { fromApiModelId, toApiTime } from '../models/model.convert';
import { modelNotFound } from '../models/model.errors';
import type { ArchiveMember, ArchivePlace } from './archive';
import type { ArchivePage, ArchiveState } from './archives.service';

export function toApiArchive({ archive, counts }: ArchiveState): ApiArchive {
  const { status, refusal, finishedAt } = archive;
  return {
    archive_id: archive.archiveId,
    status: status === 'receiving' ? 'unpacking' : status,
    filename: archive.filename,
    type: archive.dataType,
    error: refusal,
    counts,
    created_at: toApiTime(archive.createdAt),
    finished_at: finishedAt && toApiTime(finishedAt),
  };
}

export function toApiArchivePage(page: ArchivePage): ApiArchivePage {
  return {
    ...toApiArchive(page),
    members: { count: page.members.length, total_results: page.total, result: page.members.map(toApiMember) },
  };
}

function toApiMember({ name, outcome, dataType, refusal, item }: ArchiveMember): ApiArchiveMember {
  return {
    name,
    outcome,
    type: dataType,
    reason: refusal,
    data_id: item?.id ?? null,
    item_status: item?.status ?? null,
    issues: item?.issues ?? [],
  };
}

/** The archive of a path. What could be no id is no archive's. Throws MODEL_NOT_FOUND. */
export function fromApiArchivePath(
  organizationId: OrganizationId,
  path: { id: string; archive_id: string },
): ArchivePlace {
  const modelId = fromApiModelId(path.id);
  if (modelId === null) throw modelNotFound();
  return { organizationId, modelId, archiveId: isUuid(path.archive_id) ? path.archive_id : NO_ARCHIVE };
}

const NO_ARCHIVE = '00000000-0000-0000-0000-000000000000';
