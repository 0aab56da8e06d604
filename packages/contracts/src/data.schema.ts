import { z } from 'zod';

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
});
