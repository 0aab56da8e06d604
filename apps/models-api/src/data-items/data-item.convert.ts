import type { dataSummary, UploadReceipt } from '@attune/contracts';
import type { EventPayload } from '@attune/events';
import type { z } from 'zod';
import type { DataSummary, DataType, ItemCounts, NormalizedPair, Rejection } from './data-item';
import type { UploadResult } from './uploads.service';

const receiptMessages: Record<DataType, string> = {
  train: 'Training data uploaded successfully',
  test: 'Test data uploaded successfully',
};

export function toApiReceipt(result: UploadResult): UploadReceipt {
  return {
    message: receiptMessages[result.dataType],
    data_type: result.dataType,
    filename: result.audio.filename,
    transcript_filename: result.transcript.filename,
    training_status: result.modelStatus,
    data_id: result.itemId,
    item_status: result.itemStatus,
  };
}

export function toApiSummary(summary: DataSummary): z.infer<typeof dataSummary> {
  return { train: toApiCounts(summary.train), test: toApiCounts(summary.test) };
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
