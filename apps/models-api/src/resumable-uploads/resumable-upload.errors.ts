import { AppError } from '@attune/kernel';
import { TUS_VERSION, type ResumableUpload } from './resumable-upload';

/** Also for another organization's, an expired one, and one that was bound: nobody can tell them apart. */
export const uploadNotFound = (): AppError => new AppError('UPLOAD_NOT_FOUND', 'Upload not found');

export const offsetConflict = (offsetBytes: number): AppError =>
  new AppError('UPLOAD_OFFSET_CONFLICT', `The upload has ${String(offsetBytes)} bytes; go on from there`, {
    details: { upload_offset: offsetBytes },
  });

export const uploadIncomplete = ({ id, offsetBytes, lengthBytes }: ResumableUpload): AppError =>
  new AppError('UPLOAD_INCOMPLETE', 'The upload is not complete yet', {
    details: { upload_id: id, upload_offset: offsetBytes, upload_length: lengthBytes },
  });

export const unsupportedTusVersion = (): AppError =>
  new AppError('UNSUPPORTED_TUS_VERSION', `Send the header "Tus-Resumable: ${TUS_VERSION}"`, {
    details: { supported: TUS_VERSION },
  });

export const invalidHeader = (name: string, reason: string): AppError =>
  new AppError('VALIDATION_ERROR', 'The request is not valid', { details: { [name]: reason } });

export const uploadTooLarge = (limitBytes: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `The upload is larger than ${String(limitBytes)} bytes`, {
    details: { limit_bytes: limitBytes },
  });

export const notOffsetStream = (): AppError =>
  new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send bytes as application/offset+octet-stream');
