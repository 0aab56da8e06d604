import { assertNever } from '@attune/kernel';
import type { AttemptEnd } from '../runs/run';
import { reasons } from '../runs/run-reasons';
import type { StartEnd, StartStatus } from './executor';

/**
 * What a start's status means for its run; null while it is not over. An executor that does not know the start was restarted. `hasClaimed`:
 * its program has run, and claimed the run.
 */
export function toAttemptEnd(status: StartStatus, hasClaimed: boolean): AttemptEnd | null {
  switch (status.kind) {
    case 'waiting':
      // Whoever has claimed its run is at work, however long ago its host has seen it wait.
      return hasClaimed || !status.givenUp ? null : fromEnd(status.givenUp, false);
    case 'running':
      return null;
    case 'unknown':
      return { kind: 'interrupted' };
    case 'ended':
      return fromEnd(status.end, hasClaimed);
    default:
      return assertNever(status);
  }
}

/** The same for a start whose lease has run out: a machine that is being taken away explains the silence, and is no fault of the run. */
export function toLostEnd(status: StartStatus): AttemptEnd {
  if (status.kind === 'running' && status.ending) return fromEnd(status.ending, true);
  // An executor that does not know it can tell nothing of the silence.
  if (status.kind === 'unknown') return { kind: 'failed', message: reasons.silent };
  // A start that had claimed its run and waits again has lost its machine, or nobody can say: no fault of the run either.
  if (status.kind === 'waiting') return { kind: 'interrupted' };
  return toAttemptEnd(status, true) ?? { kind: 'failed', message: reasons.silent };
}

/** The same for a start that was asked to end and says so itself: by whom, and why, its executor may know. */
export function toInterruptedEnd(status: StartStatus): AttemptEnd {
  const end = status.kind === 'running' ? status.ending : status.kind === 'ended' ? status.end : null;
  return end?.kind === 'preempted' || end?.kind === 'expired' ? fromEnd(end, true) : { kind: 'interrupted' };
}

function fromEnd(end: StartEnd, hasClaimed: boolean): AttemptEnd {
  switch (end.kind) {
    case 'exit':
      return end.exit === 'interrupted' ? { kind: 'interrupted' } : { kind: 'failed', message: reasons.ended };
    case 'expired':
      // A start that only waited has used up nothing of the run's.
      return hasClaimed ? { kind: 'failed', message: reasons.deadline } : { kind: 'interrupted' };
    case 'interrupted':
    case 'preempted':
    case 'unplaced':
    case 'failed':
      return end;
    default:
      return assertNever(end);
  }
}
