import { Inject, Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { RunAnnouncements } from './run-announcements';
import { judgeAttempt, type AttemptEnd, type Run } from './run';
import { reasons } from './run-reasons';
import { countStartEnd } from './run-metrics';
import { RunsRepository, type RunChanges } from './runs.repository';

/** Nobody has the run any more: no host, no machine, no runner. */
export const unhosted: RunChanges = {
  host: null,
  pool: null,
  priorityClass: null,
  orderedAgoMs: null,
  tokenHash: null,
  owner: null,
};

/** Takes a run out of the hands of its current start, which has brought nothing. */
export const released: RunChanges = {
  ...unhosted,
  claimWithinMs: null,
  leaseMs: null,
  delivery: null,
};

/** What becomes of a run whose start is over without a result. The caller holds the run's lock. */
@Injectable()
export class AttemptsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly announcements: RunAnnouncements,
    @Inject(TRAINER_SETTINGS) private readonly settings: TrainerSettings,
  ) {}

  /** Back to the queue, or failed for good once the attempts are used up. */
  async endAttempt(tx: Tx, run: Run, end: AttemptEnd): Promise<void> {
    const verdict = judgeAttempt(run, end, this.settings.maxFailedAttempts);
    const reason = end.kind === 'failed' ? end.message : end.kind;
    if (verdict.to === 'failed') {
      await this.fail(tx, run, verdict.failure, verdict.failedAttempts);
      return;
    }
    const { failedAttempts, delayMs } = verdict;
    const changes: RunChanges = { ...released, failedAttempts, startAfterMs: delayMs };
    const hasLost = end.kind === 'preempted' || end.kind === 'unplaced';
    if (hasLost) changes.preemptions = run.preemptions + 1;
    // From then on others spare it for a while; whoever had no machine has lost none.
    if (end.kind === 'preempted') changes.preemptedAgoMs = 0;
    // A start that never claimed has left the run where it was.
    const waiting =
      run.state === 'queued'
        ? await this.runs.change(tx, run, changes)
        : await this.runs.move(tx, run, 'queued', reason, changes);
    if (!waiting) return;
    const stageDetail = hasLost ? reasons.preempted(end.reason, run.epoch > 0) : null;
    const { progress } = waiting;
    await this.announcements.progress(tx, waiting, { stage: 'queued', stageDetail, progress, etaSeconds: null });
    countStartEnd(end.kind);
    await this.runs.wake(tx);
  }

  /** For good, now: the data are at fault and no further attempt can help. */
  async failForGood(tx: Tx, run: Run, message: string): Promise<void> {
    await this.fail(tx, run, { kind: 'data', message }, run.failedAttempts);
  }

  private async fail(tx: Tx, run: Run, failure: NonNullable<Run['failure']>, failedAttempts: number): Promise<void> {
    const failed = await this.runs.move(tx, run, 'failed', failure.message, {
      ...released,
      failure,
      failedAttempts,
      etaSeconds: null,
    });
    if (!failed) return;
    await this.announcements.failed(tx, failed);
    countStartEnd('failed');
    await this.runs.wake(tx);
  }
}
