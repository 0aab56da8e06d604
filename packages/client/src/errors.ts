import { errorBody, type ErrorBody } from '@attune/contracts';

/** The platform refused a call. `errorCode` is of the public catalogue; `message` and `details` are for people to read. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
    readonly details: Record<string, unknown>,
    /** Seconds after which the same call may succeed; null when waiting does not help. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The contract's error body, as the platform sent it. */
  toBody(): Pick<ErrorBody, 'error_code' | 'message' | 'details'> {
    return { error_code: this.errorCode, message: this.message, details: this.details };
  }
}

/** No answer came: nothing listens there, the name is unknown, or the connection broke. */
export class PlatformUnreachable extends Error {
  constructor(
    readonly baseUrl: string,
    /** The system's own code (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, ...). */
    readonly code: string,
    cause: unknown,
  ) {
    super(adviceOn(baseUrl, code), { cause });
    this.name = 'PlatformUnreachable';
  }
}

/** Something answered, but not as the contract says: a proxy's page, another program, or a platform of another version. */
export class UnexpectedAnswer extends Error {
  constructor(status: number, what: string) {
    super(`the platform's answer (HTTP ${String(status)}) is not what the contract says: ${what}`);
    this.name = 'UnexpectedAnswer';
  }
}

function adviceOn(baseUrl: string, code: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing answers at ${baseUrl}: start the platform (npm start), or set ATTUNE_URL to where it runs`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${baseUrl} is unknown: check ATTUNE_URL`;
    case 'ETIMEDOUT':
      return `${baseUrl} did not answer in time: check the network and ATTUNE_URL`;
    default:
      return `the connection to ${baseUrl} broke (${code}): try again`;
  }
}

/** An ApiError from an answer with status 400 and above; UnexpectedAnswer where its body is not the contract's. */
export function toApiError(
  status: number,
  body: unknown,
  retryAfterSeconds: number | null,
): ApiError | UnexpectedAnswer {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return new UnexpectedAnswer(status, 'the error has no error_code');
  const { error_code, message, details } = parsed.data;
  return new ApiError(status, error_code, message, details, retryAfterSeconds);
}
