import { z } from 'zod';
import { listOf, pageQuery } from './responses';

export const dataType = z.enum(['train', 'test']);
export const itemStatus = z.enum(['processing', 'ok', 'warning', 'rejected']);

/** The answer to an upload. `item_status` is `processing` when no verdict came within the wait of five seconds. */
export const uploadReceipt = z.object({
  message: z.string(),
  data_type: dataType,
  filename: z.string(),
  transcript_filename: z.string(),
  training_status: z.number().int(),
  data_id: z.string().uuid(),
  item_status: itemStatus,
  duplicate: z.boolean().describe('True: this very pair was stored already, `data_id` is it, and nothing was added'),
});
export type UploadReceipt = z.infer<typeof uploadReceipt>;

/** Multipart fields of an upload, for the documentation: the parts are streamed, never parsed by a schema. */
export interface UploadParts {
  type: 'train' | 'test';
  audio_file: File;
  transcript_file: File;
}

/** Counts of a model's items by type and status: what a client waits for before it starts a run. */
export const dataSummary = z.object({
  train: z.object({ processing: z.number(), ready: z.number(), rejected: z.number(), audio_ms: z.number() }),
  test: z.object({ processing: z.number(), ready: z.number(), rejected: z.number(), audio_ms: z.number() }),
  versions_on_deleted_data: z
    .array(
      z.object({
        version: z.number().int().positive(),
        run_id: z.string().uuid(),
        items: z.number().int().positive(),
      }),
    )
    .optional()
    .describe('Versions with how many of their items were deleted, or got another transcript, since'),
});

/** Something about an item that its owner should know; `fix` says what to do about it. */
export const itemIssue = z.object({
  code: z.string(),
  severity: z.enum(['warning', 'error']),
  message: z.string(),
  fix: z.string(),
});

/** A pair of recording and transcript. `audio_ms` is of decoded samples, and null until the pair is judged. */
export const dataItem = z.object({
  data_id: z.string().uuid(),
  type: dataType,
  item_status: itemStatus,
  issues: z.array(itemIssue),
  filename: z.string(),
  transcript_filename: z.string(),
  audio_bytes: z.number().int().nonnegative().describe('Of the file that was uploaded'),
  audio_ms: z.number().int().nonnegative().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type ApiDataItem = z.infer<typeof dataItem>;
export const dataList = listOf(dataItem);

export const listDataQuery = z.object({
  ...pageQuery(25, 100),
  type: dataType.optional(),
  item_status: itemStatus.optional(),
  issue: z.string().min(1).max(100).optional().describe('The code of an issue, such as TRANSCRIPT_TOO_SHORT_FOR_AUDIO'),
});

/** Ids in a path. Anything that is no id is a missing model or item, never a bad request. */
export const dataPath = z.object({ id: z.string(), data_id: z.string() });

export const moveDataBody = z.object({ type: dataType }).strict();

/** Multipart field of a replaced transcript, for the documentation; the text itself as `text/plain` does as well. */
export interface TranscriptPart {
  transcript_file: File;
}
