import { AppError } from '@attune/kernel';
import type { Rejection } from './data-item';

/** `details` says field -> reason. */
export const invalidUpload = (details: Record<string, string>): AppError =>
  new AppError('VALIDATION_ERROR', 'The upload is not valid', { details });

export const fileTooLarge = (field: string, limitBytes: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `${field} is larger than ${String(limitBytes)} bytes`, {
    details: { field, limit_bytes: limitBytes },
  });

export const requestTooLarge = (limitBytes: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `The upload is larger than ${String(limitBytes)} bytes`, {
    details: { limit_bytes: limitBytes },
  });

export const notMultipart = (): AppError =>
  new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Send the upload as multipart/form-data with type, audio_file and transcript_file',
  );

/** `reason` is the parser's, for operators. */
export const brokenMultipart = (reason: string): AppError =>
  new AppError('VALIDATION_ERROR', 'The multipart body could not be read to its end', {
    details: { body: 'not a complete multipart/form-data body' },
    internal: reason,
  });

/** The connection ended before the upload did: nobody reads this answer. */
export const uploadAborted = (): AppError =>
  new AppError('VALIDATION_ERROR', 'The upload ended before it was complete', { details: { body: 'incomplete' } });

/** The client neither sends nor goes. */
export const uploadStalled = (): AppError =>
  new AppError('VALIDATION_ERROR', 'The upload stood still for too long', { details: { body: 'incomplete' } });

/** Its bytes stood still for so long that they were swept away. */
export const uploadExpired = (): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'The upload took too long and was discarded; send it again');

/** It was stored, and has been deleted since. */
export const itemGone = (): AppError => new AppError('DATA_NOT_FOUND', 'The uploaded pair has been deleted since');

/** Ingestion's refusal, in its own code and words. */
export const pairRejected = (rejection: Rejection): AppError =>
  new AppError(rejection.code, rejection.message, {
    details: rejection.issues.length > 0 ? { issues: rejection.issues } : {},
  });
