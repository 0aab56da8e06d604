import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { assertNever } from '@attune/kernel';
import { released } from './attempts.service';
import { CancellationsRepository } from './cancellations.repository';
import { RunAnnouncements } from './run-announcements';
import type { Run, RunPlace } from './run';
import { RunsRepository } from './runs.repository';

const REASON = 'cancelled by its owner';

/**
 * Ends runs because their owners ask for it. A run that nobody works on is cancelled at once. Any other is `cancelling` first,
 * which takes every right from its runner; its host ends the processes, and only then it is cancelled. Whether it is cancelled or
 * ends in another way is decided by one conditional update, under the run's lock.
 */
@Injectable()
export class RunCancellationsService {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly cancellations: CancellationsRepository,
    private readonly announcements: RunAnnouncements,
  ) {}

  /** A run that has ended is told of again, whoever asks has missed it; one that has not come yet is cancelled when it comes. */
  async requestCancel(tx: Tx, place: RunPlace): Promise<void> {
    await this.cancellations.takeTurn(tx, place.runId);
    const run = await this.runs.lock(tx, place.runId);
    if (run) await this.cancel(tx, run);
    else if (!(await this.runs.isErased(tx, place.modelId))) await this.cancellations.noteEarly(tx, place);
  }

  /** The caller holds the run's lock. */
  async cancel(tx: Tx, run: Run): Promise<void> {
    switch (run.state) {
      case 'queued':
      case 'preparing':
      case 'training':
      case 'evaluating':
        return this.begin(tx, run);
      case 'succeeded':
      case 'failed':
      case 'cancelled':
        return this.announcements.tellAgain(tx, run);
      case 'cancelling':
        return this.runs.wake(tx);
      case 'finalizing':
        // It is left in the transaction that enters it, so under the lock nobody finds a run in it.
        throw new Error(`run ${run.runId} was left finalizing`);
      default:
        return assertNever(run.state);
    }
  }

  /** Nothing of the run's start is at work any more, as its host says or its lease. */
  async confirm(seen: Run): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      const run = await this.runs.lock(tx, seen.runId);
      if (run?.state === 'cancelling' && run.starts === seen.starts) await this.end(tx, run);
    });
  }

  /** For the reconciler: hosts that were lost confirm nothing. */
  async confirmAbandoned(): Promise<void> {
    for (const run of await this.cancellations.listAbandoned()) await this.confirm(run);
  }

  private async begin(tx: Tx, run: Run): Promise<void> {
    if (run.state === 'queued' && run.host === null) return this.end(tx, run);
    const cancelling = await this.runs.move(tx, run, 'cancelling', REASON, { etaSeconds: null });
    if (!cancelling) return;
    await this.announcements.cancelling(tx, cancelling);
    // Once it has delivered, its runner has nothing left to do; evaluation is nobody's process.
    const isAtWork = run.host !== null && run.delivery === null;
    if (!isAtWork) await this.end(tx, cancelling);
    await this.runs.wake(tx);
  }

  private async end(tx: Tx, run: Run): Promise<void> {
    const cancelled = await this.runs.move(tx, run, 'cancelled', REASON, { ...released, etaSeconds: null });
    if (!cancelled) return;
    await this.announcements.cancelled(tx, cancelled);
    await this.runs.wake(tx);
  }
}
