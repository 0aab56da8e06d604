/** What kind of failure a code is. One table in packages/http maps each kind to an HTTP status. */
export type ErrorKind =
  | 'validation'
  | 'unauthenticated'
  | 'payment_required'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'range_not_satisfiable'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'rate_limited'
  | 'internal'
  | 'unavailable';

/** Every code that may leave the platform, with its kind. The public contract (public-api, Errors) fixes these names. */
export const errorCatalogue = {
  VALIDATION_ERROR: 'validation',
  UNSUPPORTED_LANGUAGE: 'validation',
  UNSUPPORTED_AUDIO_FORMAT: 'validation',
  INVALID_TRANSCRIPT: 'validation',
  INSUFFICIENT_DATA: 'validation',
  MISSING_API_KEY: 'unauthenticated',
  INVALID_API_KEY: 'unauthenticated',
  KEY_REVOKED: 'unauthenticated',
  MODEL_LIMIT_EXCEEDED: 'payment_required',
  PLAN_UPGRADE_REQUIRED: 'payment_required',
  COST_LIMIT_EXCEEDED: 'payment_required',
  INSUFFICIENT_SCOPE: 'forbidden',
  MODEL_NOT_FOUND: 'not_found',
  DATA_NOT_FOUND: 'not_found',
  ARCHIVE_NOT_FOUND: 'not_found',
  UPLOAD_NOT_FOUND: 'not_found',
  RUN_NOT_FOUND: 'not_found',
  ORGANIZATION_NOT_FOUND: 'not_found',
  API_KEY_NOT_FOUND: 'not_found',
  NOT_FOUND: 'not_found',
  MODEL_NOT_READY: 'conflict',
  MODEL_BUSY: 'conflict',
  DATA_NOT_READY: 'conflict',
  DATA_CONFLICT: 'conflict',
  UPLOAD_OFFSET_CONFLICT: 'conflict',
  UPLOAD_INCOMPLETE: 'conflict',
  UNSUPPORTED_TUS_VERSION: 'precondition_failed',
  IDEMPOTENCY_CONFLICT: 'conflict',
  PAYLOAD_TOO_LARGE: 'too_large',
  RANGE_NOT_SATISFIABLE: 'range_not_satisfiable',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
  IDEMPOTENCY_KEY_REUSED: 'unprocessable',
  RATE_LIMIT_EXCEEDED: 'rate_limited',
  TRAINING_FAILED: 'internal',
  INTERNAL_ERROR: 'internal',
  SERVICE_UNAVAILABLE: 'unavailable',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

/** True when `code` is one of the catalogue's. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
