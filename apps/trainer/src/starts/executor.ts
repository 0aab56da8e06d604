import type { OrganizationId, Plan, RunId } from '@attune/kernel';
import type { ExitKind } from '@attune/engine-protocol';

/** One start of one run. The pair names it for ever: its Kubernetes Job is `run-<run>-<start>`. */
export interface StartName {
  runId: RunId;
  start: number;
}

/** Where at the host a start runs, and with which right to others' machines. Null where a host makes no such difference. */
export interface Placement {
  pool: string | null;
  priorityClass: string | null;
}

/** What a run brings along that decides where it may start. */
export interface Candidate {
  runId: RunId;
  /** By a name of the executor's settings; null: whatever is usual. */
  accelerator: string | null;
  /** Null: billing has not said yet. */
  plan: Plan | null;
  preemptions: number;
  lastPreemptedMsAgo: number | null;
}

/** A start that was given to this host and is not over. */
export interface HeldStart extends StartName, Placement {
  accelerator: string | null;
}

export interface StartOrder extends StartName {
  organizationId: OrganizationId;
  accelerator: string | null;
  placement: Placement;
  /** What the runner proves itself with; not stored anywhere in the clear. */
  token: string;
}

/** A start whose state is asked for. */
export interface OrderedStart extends StartName {
  orderedMsAgo: number;
  accelerator: string | null;
}

/** What became of a start. Reasons and messages are in the customer's words. */
export type StartEnd =
  | { kind: 'exit'; exit: ExitKind }
  /** Somebody ended it who is not the run's owner: nobody's fault. */
  | { kind: 'interrupted' }
  /** Its machine was taken away, by a more important start or by its provider. */
  | { kind: 'preempted'; reason: string }
  /** No machine of its pool came; another pool has some. */
  | { kind: 'unplaced'; reason: string }
  /** It took longer than a start may, the time it waited for its machine included. */
  | { kind: 'expired' }
  | { kind: 'failed'; fault: 'engine' | 'platform'; message: string };

/** What an executor knows of a start: `unknown` when it never had it, or has forgotten it (it was restarted). */
export type StartStatus =
  /** Its program does not run yet, and the reason why, in the customer's words. `givenUp`: it has waited too long; this is its end. */
  | { kind: 'waiting'; reason: string; givenUp: StartEnd | null }
  /** `ending`: what takes it away is under way, or its machine has stopped answering; this is why it will have ended. */
  | { kind: 'running'; ending: StartEnd | null }
  | { kind: 'ended'; end: StartEnd }
  | { kind: 'unknown' };

/**
 * Where runners run. It starts programs and says what became of them; it knows nothing of runs, leases and attempts, and never starts
 * anything again by itself.
 */
export abstract class Executor {
  /**
   * Names this executor's place, the same after a restart: starts given to it are found by this name. Several trainers may share one
   * place; then each of them sees, and may end, what any of them has started.
   */
  abstract readonly host: string;

  /** True where a start may wait for a machine before its program runs: the time to claim the run begins only then. */
  abstract readonly startsLater: boolean;

  /** False while nothing may be started: no permit is free, or what runs now is not known. */
  abstract isReady(): boolean;

  /** False while it does not see its starts: what it says of those that are not over may have been so some time ago. */
  abstract isCurrent(): boolean;

  /** Where the run could start now beside all starts that the host holds; null: nowhere. */
  abstract place(candidate: Candidate, held: readonly HeldStart[]): Placement | null;

  /** What the host has left beside the starts that it holds, by pool. */
  abstract freeSlots(held: readonly HeldStart[]): { pool: string; free: number }[];

  /** Starts a runner. Asking again for the same start does nothing. */
  abstract start(order: StartOrder): Promise<void>;

  /** Not `unknown` at once after the order: another trainer of this place may be about to make the start. */
  abstract observe(start: OrderedStart): Promise<StartStatus>;

  /** Starts of which something is left at this place. */
  abstract list(): Promise<StartName[]>;

  /** Asks the runner to end (it saves a checkpoint), and forces it after a while. Resolves at once; unknown starts are ignored. */
  abstract stop(name: StartName): Promise<void>;

  /** Ends the start at once, with every process that it has begun: nobody wants anything of it. Resolves at once; unknown starts are ignored. */
  abstract kill(name: StartName): Promise<void>;

  /** Calls `listener` whenever something that it says of starts may have changed, or a permit became free. */
  abstract onChange(listener: () => void): void;

  /** Ends what cannot outlive this process, checkpoints first, within the time given. */
  abstract shutdown(withinMs: number): Promise<void>;
}
