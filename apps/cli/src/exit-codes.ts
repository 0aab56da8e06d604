import { ApiError, PlatformUnreachable, UnexpectedAnswer } from '@attune/client';

/** What scripts can rely on; documented in README.md. */
export const exitCodes = { ok: 0, refused: 1, usage: 2, unreachable: 3, runFailed: 4, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command line asks for something that cannot be: the message says what to type instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Which exit code an error stands for. Anything unforeseen counts as a usage problem of this machine (an unreadable file, say). */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ApiError) return exitCodes.refused;
  if (error instanceof PlatformUnreachable || error instanceof UnexpectedAnswer) return exitCodes.unreachable;
  if (isAbort(error)) return exitCodes.interrupted;
  return exitCodes.usage;
}

function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';
}
