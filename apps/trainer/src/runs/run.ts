import type { ModelId, OrganizationId, RunId } from '@attune/kernel';

/** Every state of a run. The last three are terminal: nothing leaves them. */
export const runStates = [
  'queued',
  'preparing',
  'training',
  'evaluating',
  'finalizing',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type RunState = (typeof runStates)[number];

/** The one table of legal moves. A trigger in PostgreSQL holds the same pairs; a test compares the two. */
export const transitions: Record<RunState, readonly RunState[]> = {
  queued: ['preparing', 'failed', 'cancelling', 'cancelled'],
  preparing: ['training', 'queued', 'failed', 'cancelling'],
  training: ['evaluating', 'queued', 'failed', 'cancelling'],
  evaluating: ['finalizing', 'failed', 'cancelling'],
  finalizing: ['succeeded', 'failed'],
  cancelling: ['cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export function canMove(from: RunState, to: RunState): boolean {
  return transitions[from].includes(to);
}

export function isTerminal(state: RunState): boolean {
  return transitions[state].length === 0;
}

/** States in which a runner holds the run by a lease. */
export const leasedStates = ['preparing', 'training'] as const satisfies readonly RunState[];

/** What a customer is told of where a live run stands. */
export const stages = ['queued', 'provisioning', 'preparing', 'training', 'evaluating', 'finalizing'] as const;
export type Stage = (typeof stages)[number];

export interface RunPlace {
  organizationId: OrganizationId;
  modelId: ModelId;
  runId: RunId;
}

/** What the runner delivered and the trainer has still to verify. */
export interface Delivery {
  manifestSha256: string;
  baseDecodesSha256: string;
  customDecodesSha256: string;
  evaluatedOn: 'test_set' | 'held_out';
}

/** Whose fault: `data` the customer can mend, the rest is ours. The message is in the customer's words. */
export interface RunFailure {
  kind: 'data' | 'engine' | 'platform';
  message: string;
}

export interface Run extends RunPlace {
  state: RunState;
  /** Grows with every claim: writes of an earlier epoch are refused. */
  epoch: number;
  /** How often an executor was asked to start a runner. */
  starts: number;
  failedAttempts: number;
  /** The executor's host that the current start was given to; null while nobody has it. */
  host: string | null;
  /** Where at that host, and with which right to others' machines; null where a host makes no difference. */
  pool: string | null;
  priorityClass: string | null;
  /** Since the current start was given to the host; null while nobody has it. */
  orderedMsAgo: number | null;
  /** Whether the current start must claim the run by some time. */
  hasClaimWindow: boolean;
  /** How often its machine was taken from it, or none of its kind was to be had. */
  preemptions: number;
  tokenHash: string | null;
  owner: string | null;
  baseModel: string;
  baseDigest: string;
  language: string;
  /** What its base is trained on, by a name of the executor's settings; null: whatever is usual there. */
  accelerator: string | null;
  seed: number;
  trainingMs: number;
  snapshotKey: string;
  snapshotSha256: string;
  stage: Stage;
  /** What it waits for, in the customer's words. */
  stageDetail: string | null;
  progress: number;
  etaSeconds: number | null;
  sequence: number;
  /** Since the other services last heard of its progress. */
  toldMsAgo: number;
  eventsSequence: number;
  delivery: Delivery | null;
  metrics: unknown;
  failure: RunFailure | null;
}

/**
 * Why a start is over without a result. An `interrupted` one (its host was restarted), one whose machine was taken away, and an `unplaced`
 * one, which never had any, are no failed attempts. `platform`: neither the customer nor the engine could help it.
 */
export type AttemptEnd =
  | { kind: 'interrupted' }
  | { kind: 'preempted'; reason: string }
  | { kind: 'unplaced'; reason: string }
  | { kind: 'failed'; message: string; fault?: 'engine' | 'platform' };

/** What follows from the end of an attempt: the run waits for its next start, or has failed for good. */
export type AttemptVerdict =
  | { to: 'queued'; failedAttempts: number; delayMs: number }
  | { to: 'failed'; failedAttempts: number; failure: RunFailure };

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Failed attempts are bounded; interruptions are not, but each makes the next start wait longer. */
export function judgeAttempt(
  run: Pick<Run, 'failedAttempts' | 'starts' | 'state'>,
  end: AttemptEnd,
  maxFailedAttempts: number,
): AttemptVerdict {
  const failedAttempts = run.failedAttempts + (end.kind === 'failed' ? 1 : 0);
  if (end.kind === 'failed' && failedAttempts >= maxFailedAttempts) {
    const message = `Training was tried ${String(failedAttempts)} times and did not finish. ${end.message}`;
    return { to: 'failed', failedAttempts, failure: { kind: end.fault ?? 'engine', message } };
  }
  // Whoever was at work and lost its machine has done nothing that waiting would mend. A start that never came to claim may have met a
  // machine that refuses every pod: tried again at once, it would be tried once a second for ever.
  if (end.kind === 'preempted' && run.state !== 'queued') return { to: 'queued', failedAttempts, delayMs: 0 };
  const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, run.starts - 1));
  return { to: 'queued', failedAttempts, delayMs };
}

/** Progress as the customer sees it: 0..100, and it never falls, also when a run starts over from a checkpoint. */
export function advance(shown: number, reported: number): number {
  return Math.max(shown, Math.min(100, Math.max(0, reported)));
}
