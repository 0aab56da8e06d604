import type { ApiDataItem, dataSummary, listDataQuery, UploadReceipt } from '@attune/contracts';
import type { EventPayload } from '@attune/events';
import { isUuid, type ItemId, type OrganizationId } from '@attune/kernel';
import type { z } from 'zod';
import { fromApiModelId, toApiTime } from '../models/model.convert';
import { modelNotFound } from '../models/model.errors';
import type {
  DataFilter,
  DataItem,
  DataOverview,
  DataType,
  ItemCounts,
  ItemRef,
  NormalizedPair,
  Rejection,
} from './data-item';
import type { UploadResult } from './uploads.service';

const receiptMessages: Record<DataType, string> = {
  train: 'Training data uploaded successfully',
  test: 'Test data uploaded successfully',
};

export function toApiReceipt(result: UploadResult): UploadReceipt {
  return {
    message: result.isDuplicate ? 'This pair is stored already' : receiptMessages[result.dataType],
    data_type: result.dataType,
    filename: result.audio.filename,
    transcript_filename: result.transcript.filename,
    training_status: result.modelStatus,
    data_id: result.itemId,
    item_status: result.itemStatus,
    duplicate: result.isDuplicate,
  };
}

export function toApiDataItem(item: DataItem): ApiDataItem {
  return {
    data_id: item.id,
    type: item.dataType,
    item_status: item.status,
    issues: item.issues,
    filename: item.audioFilename,
    transcript_filename: item.transcriptFilename,
    audio_bytes: item.audioBytes,
    audio_ms: item.audioMs,
    created_at: toApiTime(item.createdAt),
    updated_at: toApiTime(item.updatedAt),
  };
}

export function fromApiDataFilter(query: z.infer<typeof listDataQuery>): DataFilter {
  return { type: query.type, status: query.item_status, issue: query.issue };
}

/** The item of a path. What could be no id is a missing model or item. Throws MODEL_NOT_FOUND. */
export function fromApiItemRef(organizationId: OrganizationId, path: { id: string; data_id: string }): ItemRef {
  const modelId = fromApiModelId(path.id);
  if (modelId === null) throw modelNotFound();
  // An id that is none names no item; the nil UUID is never given to one.
  return { organizationId, modelId, id: (isUuid(path.data_id) ? path.data_id : NO_ITEM) as ItemId };
}

const NO_ITEM = '00000000-0000-0000-0000-000000000000';

export function toApiSummary(overview: DataOverview): z.infer<typeof dataSummary> {
  const gone = overview.versionsOnDeletedData.map(({ version, runId, items }) => ({ version, run_id: runId, items }));
  return {
    train: toApiCounts(overview.train),
    test: toApiCounts(overview.test),
    ...(gone.length === 0 ? {} : { versions_on_deleted_data: gone }),
  };
}

function toApiCounts({ processing, ready, rejected, audioMs }: ItemCounts) {
  return { processing, ready, rejected, audio_ms: audioMs };
}

export function fromEventPair(data: EventPayload<'ingestion.data-validated.v1'>): NormalizedPair {
  return {
    audioMs: data.audio_ms,
    normalizedKey: data.normalized_key,
    normalizedSha256: data.normalized_sha256,
    transcriptKey: data.transcript_key,
    transcriptSha256: data.transcript_sha256,
    issues: data.issues,
  };
}

export function fromEventRejection(data: EventPayload<'ingestion.data-rejected.v1'>): Rejection {
  return { code: data.code, message: data.message, issues: data.issues };
}
