import { STATUS_CODES } from 'node:http';
import type { ErrorBody } from '@attune/contracts';
import { AppError, type ErrorCode, type ErrorDetails, type ErrorKind } from '@attune/kernel';

/** The one table from a kind of failure to an HTTP status. It is total: a new kind does not compile until it stands here. */
export const statusOfKind: Record<ErrorKind, number> = {
  validation: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  range_not_satisfiable: 416,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** What may stand in for a status that a library chose before our code ran. */
const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  400: 'VALIDATION_ERROR',
  404: 'NOT_FOUND',
  405: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'VALIDATION_ERROR',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'VALIDATION_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

const messageOfCode: Partial<Record<ErrorCode, string>> = {
  VALIDATION_ERROR: 'The request could not be read',
  NOT_FOUND: 'There is nothing at this address',
  PAYLOAD_TOO_LARGE: 'The request body is too large',
  UNSUPPORTED_MEDIA_TYPE: 'The content type of the request is not supported here',
  SERVICE_UNAVAILABLE: 'The service is not available now; try again shortly',
};

/** An AppError for a status that Fastify or Nest chose (bad JSON, unknown route, oversize body); never its own text. */
export function fromHttpStatus(status: number, cause: unknown): AppError {
  const code = codeOfStatus[status] ?? 'INTERNAL_ERROR';
  return new AppError(code, messageOfCode[code] ?? 'Something went wrong on our side', { cause });
}

/** The answer to an AppError: its status, and the contract's one error body. Only public parts are in it. */
export function toErrorResponse(error: AppError): { status: number; body: ErrorBody } {
  const status = statusOfKind[error.kind];
  const retryAfter = retryAfterOf(status, error.details);
  return {
    status,
    body: {
      error: STATUS_CODES[status] ?? 'Error',
      message: error.message,
      error_code: error.code,
      details: error.details,
      ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    },
  };
}

const UNAVAILABLE_RETRY_SECONDS = 5;

function retryAfterOf(status: number, details: ErrorDetails): number | undefined {
  const given = details['retry_after'];
  if (typeof given === 'number') return Math.ceil(given);
  return status === 503 ? UNAVAILABLE_RETRY_SECONDS : undefined;
}
