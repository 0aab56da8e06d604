/** How an engine ended: `data` the customer's data is at fault, `engine` the engine is, `interrupted` try again. */
export type ExitKind = 'done' | 'data' | 'engine' | 'interrupted';

/** The exit codes of the protocol, after sysexits.h: EX_DATAERR, EX_SOFTWARE, EX_TEMPFAIL. */
export const exitCodes = { done: 0, data: 65, engine: 70, interrupted: 75 } as const satisfies Record<ExitKind, number>;

/** Reads an exit code; a death by signal (null) and every code that the protocol does not name is the engine's fault. */
export function exitKindOf(code: number | null): ExitKind {
  switch (code) {
    case exitCodes.done:
      return 'done';
    case exitCodes.data:
      return 'data';
    case exitCodes.interrupted:
      return 'interrupted';
    case null:
    default:
      return 'engine';
  }
}
