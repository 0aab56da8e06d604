import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { AttemptsService } from '../runs/attempts.service';
import { CancellationsRepository } from '../runs/cancellations.repository';
import { RunCancellationsService } from '../runs/run-cancellations.service';
import type { AttemptEnd, Run } from '../runs/run';
import { reasons } from '../runs/run-reasons';
import { RunsRepository } from '../runs/runs.repository';
import { newStartToken } from '../runners/start-token';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { Executor, type StartName, type StartOrder, type StartStatus } from './executor';
import { QueueRepository } from './queue.repository';

/**
 * Brings this host's executor and the database together: ends what is over, kills what is cancelled, stops what is no longer wanted, starts
 * the run whose turn it is where a permit is free. Every step is safe to repeat, so a pass that fails half-way is simply run again.
 */
@Injectable()
export class Starter {
  private pass: Promise<void> | null = null;
  private again = false;
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly queue: QueueRepository,
    private readonly attempts: AttemptsService,
    private readonly cancelled: CancellationsRepository,
    private readonly cancellations: RunCancellationsService,
    private readonly executor: Executor,
    @Inject(TRAINER_SETTINGS) private readonly settings: TrainerSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Runs a pass, or one more after the current one. Never rejects. */
  wake(): void {
    this.again = true;
    this.pass ??= this.passes().finally(() => {
      this.pass = null;
    });
  }

  /** Starts nothing more; resolves when the current pass has ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.pass;
  }

  private async passes(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        await this.settle();
        while (!this.isStopping && this.executor.freePermits() > 0 && (await this.startNext()));
      } catch (error) {
        // PostgreSQL is away; the next wake-up comes with the clock.
        this.logger.warn(`starter: ${messageOf(error)}`);
      }
    }
  }

  private async settle(): Promise<void> {
    const wanted = await this.runs.listStartsOn(this.executor.host);
    for (const run of wanted) {
      const end = toEnd(await this.executor.observe(startOf(run)));
      if (end) await this.end(run, end);
    }
    const cancelled = await this.cancelled.listOn(this.executor.host);
    for (const run of cancelled) await this.endCancelled(run);
    for (const name of await this.executor.list()) {
      const isKnown = [...wanted, ...cancelled].some((run) => run.runId === name.runId && run.starts === name.start);
      if (!isKnown) await this.executor.stop(name);
    }
  }

  /** Killed now, confirmed when it is gone: the executor wakes us then. */
  private async endCancelled(run: Run): Promise<void> {
    const status = await this.executor.observe(startOf(run));
    if (status.kind === 'running') await this.executor.kill(startOf(run));
    else await this.cancellations.confirm(run);
  }

  private async end(seen: Run, end: AttemptEnd): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      const run = await this.runs.lock(tx, seen.runId);
      // It may have delivered, failed or been given away in between.
      const isCurrent = run?.starts === seen.starts && run.epoch === seen.epoch && run.host === this.executor.host;
      if (run && isCurrent && run.state === seen.state && !run.delivery) await this.attempts.endAttempt(tx, run, end);
    });
  }

  private async startNext(): Promise<boolean> {
    const order = await this.database.runInTransaction('system', async (tx): Promise<StartOrder | null> => {
      const run = await this.queue.lockNext(tx);
      if (!run) return null;
      await this.queue.noteTurn(tx, run.organizationId);
      const { token, hash } = newStartToken();
      const started = await this.runs.change(tx, run, {
        starts: run.starts + 1,
        host: this.executor.host,
        tokenHash: hash,
        claimWithinMs: this.settings.claimWithinMs,
      });
      return started ? { runId: run.runId, start: started.starts, token } : null;
    });
    // A crash right here leaves a start that nobody runs: the next pass finds it unknown to the executor.
    if (order) await this.executor.start(order);
    return order !== null;
  }
}

function startOf(run: Run): StartName {
  return { runId: run.runId, start: run.starts };
}

/** Null while it runs. An executor that does not know the start was restarted: that is no fault of the run. */
function toEnd(status: StartStatus): AttemptEnd | null {
  if (status.kind === 'running') return null;
  if (status.kind === 'unknown' || status.exit === 'interrupted') return { kind: 'interrupted' };
  return { kind: 'failed', message: reasons.ended };
}
