import { AppError } from '@attune/kernel';

/** SQLSTATEs that abort a transaction although nothing is wrong with it: serialization failure and deadlock. */
const CONFLICTS = new Set(['40001', '40P01']);

/** SQLSTATEs of a server that is going, coming or full: class 08, the shutdowns, "starting up", "too many connections". */
const SERVER_AWAY = new Set(['08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03', '53300']);

/** System errors of a socket whose other end is gone or not there yet. */
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** pg and TypeORM report a lost connection by message only. */
const LOST_MESSAGES = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query runner already released',
];

/** The connection broke between two statements. */
export class ConnectionLost extends Error {
  constructor() {
    super('Connection terminated before the transaction was committed');
    this.name = 'ConnectionLost';
  }
}

/** The transaction was sent to be committed and the connection broke: it may or may not have happened. Never retried here. */
export class CommitOutcomeUnknown extends AppError {
  constructor(cause: unknown) {
    super('SERVICE_UNAVAILABLE', 'The service is temporarily unavailable. Try again.', {
      internal: 'connection lost while committing; the outcome is unknown',
      cause,
    });
    this.name = 'CommitOutcomeUnknown';
  }
}

/** PostgreSQL could not be reached, or kept aborting the transaction, for longer than a caller should wait. */
export class DatabaseUnavailable extends AppError {
  constructor(cause: unknown) {
    super('SERVICE_UNAVAILABLE', 'The service is temporarily unavailable. Try again.', {
      internal: 'PostgreSQL is not available',
      cause,
    });
    this.name = 'DatabaseUnavailable';
  }
}

/** The error itself, what it wraps (`cause`, TypeORM's `driverError`) and so on down. */
function* chain(error: unknown): Generator<{ code?: unknown; message?: unknown }> {
  for (let depth = 0; depth < 8 && typeof error === 'object' && error !== null; depth++) {
    yield error;
    const wrapped = error as { cause?: unknown; driverError?: unknown };
    error = wrapped.driverError ?? wrapped.cause;
  }
}

function anyCode(error: unknown, codes: ReadonlySet<string>): boolean {
  for (const { code } of chain(error)) if (typeof code === 'string' && codes.has(code)) return true;
  return false;
}

/** The SQLSTATE of a failed statement, null when the failure is not PostgreSQL's answer. */
export function sqlStateOf(error: unknown): string | null {
  for (const { code } of chain(error)) if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  return null;
}

/** True for a serialization failure or a deadlock: the same transaction may succeed when run again. */
export function isTransactionConflict(error: unknown): boolean {
  return anyCode(error, CONFLICTS);
}

/** A migration changed what a prepared statement answers, or a pooler between us forgot it; a new connection knows it anew. */
const STALE_STATEMENT = new Set(['0A000', '26000']);

/** True when a prepared statement is out of date: the same statement works on another connection. */
export function isStaleStatement(error: unknown): boolean {
  return anyCode(error, STALE_STATEMENT);
}

/** True when the connection to a server (PostgreSQL or any other socket) broke or could not be made. */
export function isConnectionLost(error: unknown): boolean {
  if (anyCode(error, SERVER_AWAY) || anyCode(error, SOCKET_ERRORS)) return true;
  for (const { message } of chain(error)) {
    if (typeof message === 'string' && LOST_MESSAGES.some((lost) => message.startsWith(lost))) return true;
  }
  return false;
}

/**
 * True when a failure says nothing about the work itself, only that something it needs is away for now:
 * work that failed so is tried again without counting the attempt.
 */
export function isInfrastructureFailure(error: unknown): boolean {
  if (isConnectionLost(error) || isTransactionConflict(error)) return true;
  return anyCode(error, new Set(['SERVICE_UNAVAILABLE']));
}
