import { AppError } from '@attune/kernel';

/** @param details field -> what is wrong with it */
export const invalidRequest = (details: Record<string, string>, cause?: unknown): AppError =>
  new AppError('VALIDATION_ERROR', 'The request is not valid', { details, cause });

export const unreadableBody = (cause: unknown): AppError =>
  invalidRequest({ body: 'is no complete multipart/form-data' }, cause);

export const unsupportedMediaType = (): AppError =>
  new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send multipart/form-data, or JSON with the recording in base64');

export const audioTooLarge = (limitBytes: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', 'The recording is too large', { details: { limit_bytes: limitBytes } });

export const unsupportedLanguage = (language: string, languages: readonly string[]): AppError =>
  new AppError('UNSUPPORTED_LANGUAGE', `This model does not transcribe "${language}"`, { details: { languages } });

export const undecodableAudio = (cause: unknown): AppError =>
  new AppError('UNSUPPORTED_AUDIO_FORMAT', 'The recording could not be transcribed: its sound cannot be read', {
    cause,
  });

/** Something of ours is away or overloaded; the same request may succeed soon. */
export const unavailable = (internal: string, cause?: unknown): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'Transcription is not available at the moment. Try again shortly.', {
    internal,
    cause,
  });

export const unknownCaller = (): AppError =>
  new AppError('INVALID_API_KEY', 'Only the platform itself may call this service');

/** Nobody reads it: the connection is gone. */
export const clientLeft = (): AppError => invalidRequest({ body: 'the client left before the answer' });
