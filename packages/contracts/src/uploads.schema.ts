import { z } from 'zod';
import { dataType } from './data.schema';

/** An upload that is sent in pieces. Figures are bytes. */
export const resumableUpload = z.object({
  upload_id: z.string().uuid(),
  filename: z.string(),
  upload_length: z.number().int().nonnegative(),
  upload_offset: z.number().int().nonnegative(),
  expires_at: z.string().describe('24 hours after its last byte'),
});
export type ApiUpload = z.infer<typeof resumableUpload>;

export const uploadPath = z.object({ upload_id: z.string() });

const uploadId = z.string().uuid();

/** The words themselves, or an upload that has them. */
export const bindPairBody = z.union([
  z.object({ type: dataType, audio_upload_id: uploadId, transcript: z.string().min(1).max(1_048_576) }).strict(),
  z.object({ type: dataType, audio_upload_id: uploadId, transcript_upload_id: uploadId }).strict(),
]);

export const bindArchiveBody = z.object({ upload_id: uploadId, type: dataType.optional() }).strict();
