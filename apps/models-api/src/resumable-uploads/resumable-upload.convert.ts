import type { ApiUpload } from '@attune/contracts';
import { toApiTime } from '../models/model.convert';
import type { ResumableUpload } from './resumable-upload';

export function toApiUpload(upload: ResumableUpload): ApiUpload {
  return {
    upload_id: upload.id,
    filename: upload.filename,
    upload_length: upload.lengthBytes,
    upload_offset: upload.offsetBytes,
    expires_at: toApiTime(upload.expiresAt),
  };
}
