import type { RunId } from '@attune/kernel';
import type { ExitKind } from '@attune/engine-protocol';

/** One start of one run. The pair names it for ever: a Kubernetes Job of it would be `run-<run>-<start>`. */
export interface StartName {
  runId: RunId;
  start: number;
}

export interface StartOrder extends StartName {
  /** What the runner proves itself with; not stored anywhere in the clear. */
  token: string;
}

/** What an executor knows of a start: `unknown` when it never had it, or has forgotten it (it was restarted). */
export type StartStatus = { kind: 'running' } | { kind: 'ended'; exit: ExitKind } | { kind: 'unknown' };

/**
 * Where runners run. It starts programs and says what became of them; it knows nothing of runs, leases and attempts, and never starts
 * anything again by itself.
 */
export abstract class Executor {
  /** Names this executor's place, the same after a restart: starts given to it are found by this name. */
  abstract readonly host: string;

  /** How many more starts may run now. Training and batch decoding share these permits. */
  abstract freePermits(): number;

  /** Starts a runner. Asking again for the same start does nothing. */
  abstract start(order: StartOrder): Promise<void>;

  abstract observe(name: StartName): Promise<StartStatus>;

  /** Starts that are running now. */
  abstract list(): Promise<StartName[]>;

  /** Asks the runner to end (it saves a checkpoint), and forces it after a while. Resolves at once; unknown starts are ignored. */
  abstract stop(name: StartName): Promise<void>;

  /** Ends the start at once, with every process that it has begun: nobody wants anything of it. Resolves at once; unknown starts are ignored. */
  abstract kill(name: StartName): Promise<void>;

  /** Calls `listener` whenever a start has ended or a permit became free. */
  abstract onChange(listener: () => void): void;

  /** Ends everything, checkpoints first, within the time given. */
  abstract shutdown(withinMs: number): Promise<void>;
}
