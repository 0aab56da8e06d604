import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { AttemptsService } from '../runs/attempts.service';
import { CancellationsRepository } from '../runs/cancellations.repository';
import { RunCancellationsService } from '../runs/run-cancellations.service';
import type { AttemptEnd, Run } from '../runs/run';
import { RunAnnouncements } from '../runs/run-announcements';
import { countStart } from '../runs/run-metrics';
import { RunsRepository } from '../runs/runs.repository';
import { newStartToken } from '../runners/start-token';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { Executor, type OrderedStart, type StartOrder, type StartStatus } from './executor';
import { toAttemptEnd } from './start-end';
import { QueueRepository } from './queue.repository';

/**
 * Brings this host's executor and the database together: ends what is over, tells what is waited for, kills what is cancelled, stops what is
 * no longer wanted, starts the run whose turn it is where it has a place. Every step is safe to repeat, so a pass that fails half-way is simply run again.
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
    private readonly announcements: RunAnnouncements,
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
        while (!this.isStopping && this.executor.isReady() && (await this.startNext()));
      } catch (error) {
        // PostgreSQL is away; the next wake-up comes with the clock.
        this.logger.warn(`starter: ${messageOf(error)}`);
      }
    }
  }

  private async settle(): Promise<void> {
    // Listed before the database is asked: each start is in the database before it is at the place, by whichever trainer.
    const there = await this.executor.list();
    const wanted = await this.runs.listStartsOn(this.executor.host);
    for (const run of wanted) {
      await this.follow(run, await this.executor.observe(startOf(run)));
    }
    const cancelled = await this.cancelled.listOn(this.executor.host);
    for (const run of cancelled) await this.endCancelled(run);
    for (const name of there) {
      const isKnown = [...wanted, ...cancelled].some((run) => run.runId === name.runId && run.starts === name.start);
      if (!isKnown) await this.executor.stop(name);
    }
  }

  /** Killed now, confirmed when it is gone: the executor wakes us then. */
  private async endCancelled(run: Run): Promise<void> {
    const status = await this.executor.observe(startOf(run));
    if (status.kind === 'running' || status.kind === 'waiting') await this.executor.kill(startOf(run));
    else await this.cancellations.confirm(run);
  }

  private async follow(run: Run, status: StartStatus): Promise<void> {
    const end = toAttemptEnd(status, run.state !== 'queued');
    if (end) await this.end(run, end);
    else if (run.state === 'queued' && status.kind === 'waiting') await this.tellWaiting(run, status.reason);
    else if (run.state === 'queued' && !run.hasClaimWindow) await this.openClaimWindow(run);
  }

  private end(seen: Run, end: AttemptEnd): Promise<void> {
    return this.ifCurrent(seen, (tx, run) => this.attempts.endAttempt(tx, run, end));
  }

  private async tellWaiting(seen: Run, stageDetail: string): Promise<void> {
    if (seen.stage === 'provisioning' && seen.stageDetail === stageDetail) return;
    await this.ifCurrent(seen, async (tx, run) => {
      if (run.stage === 'provisioning' && run.stageDetail === stageDetail) return;
      const { progress } = run;
      await this.announcements.progress(tx, run, { stage: 'provisioning', stageDetail, progress, etaSeconds: null });
    });
  }

  /** Its program runs from now on: one that does not claim in time is over. */
  private openClaimWindow(seen: Run): Promise<void> {
    return this.ifCurrent(seen, async (tx, run) => {
      await this.runs.change(tx, run, { claimWithinMs: this.settings.claimWithinMs });
    });
  }

  /** Under the run's lock, and only if nothing has become of it since it was seen: it may have delivered, failed or been given away. */
  private async ifCurrent(seen: Run, fn: (tx: Tx, run: Run) => Promise<void>): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      const run = await this.runs.lock(tx, seen.runId);
      const isCurrent = run?.starts === seen.starts && run.epoch === seen.epoch && run.host === this.executor.host;
      if (run && isCurrent && run.state === seen.state && !run.delivery) await fn(tx, run);
    });
  }

  private async startNext(): Promise<boolean> {
    const order = await this.database.runInTransaction('system', async (tx): Promise<StartOrder | null> => {
      const next = await this.queue.lockNext(tx, this.executor.host, (candidate, held) =>
        this.executor.place(candidate, held),
      );
      if (!next) return null;
      const { run, placement } = next;
      await this.queue.noteTurn(tx, run.organizationId);
      const { token, hash } = newStartToken();
      const started = await this.runs.change(tx, run, {
        starts: run.starts + 1,
        host: this.executor.host,
        ...placement,
        orderedAgoMs: 0,
        tokenHash: hash,
        claimWithinMs: this.executor.startsLater ? null : this.settings.claimWithinMs,
      });
      const { organizationId, accelerator } = run;
      return started && { runId: run.runId, start: started.starts, organizationId, accelerator, placement, token };
    });
    // A crash right here leaves a start that nobody runs: the next pass finds it unknown to the executor.
    if (order) {
      countStart();
      await this.executor.start(order);
    }
    return order !== null;
  }
}

function startOf(run: Run): OrderedStart {
  return { runId: run.runId, start: run.starts, orderedMsAgo: run.orderedMsAgo ?? Number.MAX_SAFE_INTEGER };
}
