import { errorCatalogue, type ErrorCode, type ErrorKind } from './error-catalogue';

/** Values that may stand in an error's public details: plain JSON. */
export type ErrorDetails = Record<string, unknown>;

/**
 * The one error that crosses a boundary: a code of the catalogue, a message that the client may read, and details that
 * the client may read. What only operators may see goes into `internal` (and `cause`), which is logged and never sent.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly internal: string | undefined;

  constructor(
    code: ErrorCode,
    publicMessage: string,
    options: { details?: ErrorDetails; internal?: string; cause?: unknown } = {},
  ) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
    this.internal = options.internal;
  }

  get kind(): ErrorKind {
    return errorCatalogue[this.code];
  }
}

/** The message of whatever was thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
