import type { EventPayload } from '@attune/events';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import { audioKey, transcriptKey } from '@attune/storage';
import type { ItemRef, RejectedReport, UploadedItem, ValidatedReport } from './item';

export function fromEventUploaded(data: EventPayload<'models.data-uploaded.v1'>): UploadedItem {
  return {
    organizationId: data.organization_id as OrganizationId,
    modelId: data.model_id as ModelId,
    itemId: data.item_id as ItemId,
    audioKey: data.audio_key,
    transcriptKey: data.transcript_key,
    audioBytes: data.audio_bytes,
  };
}

export function toEventValidated(item: ItemRef, report: ValidatedReport): EventPayload<'ingestion.data-validated.v1'> {
  return {
    ...toEventItem(item),
    audio_ms: report.audioMs,
    normalized_key: audioKey(item),
    normalized_sha256: report.normalizedSha256,
    transcript_key: transcriptKey(item),
    transcript_sha256: report.transcriptSha256,
    issues: report.issues,
  };
}

export function toEventRejected(item: ItemRef, report: RejectedReport): EventPayload<'ingestion.data-rejected.v1'> {
  return { ...toEventItem(item), code: report.code, message: report.message, issues: report.issues };
}

function toEventItem(item: ItemRef): { organization_id: string; model_id: number; item_id: string } {
  return { organization_id: item.organizationId, model_id: item.modelId, item_id: item.itemId };
}
