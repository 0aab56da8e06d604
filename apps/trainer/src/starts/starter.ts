import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { inParallel, messageOf, type RunId } from '@attune/kernel';
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
import { Executor, type OrderedStart, type StartName, type StartOrder, type StartStatus } from './executor';
import { toAttemptEnd } from './start-end';
import { QueueRepository } from './queue.repository';

/** Steps at once, each with a connection of the database's or a call of the host's. */
const AT_ONCE = 4;
/** After so many a pass looks again at what is there: someone who cancels waits for it. */
const STARTS_OF_A_PASS = 16;

/**
 * Brings this host's executor and the database together: ends what is over, tells what is waited for, kills what is cancelled, stops what is
 * no longer wanted, starts the run whose turn it is where it has a place. Every step is safe to repeat, so a pass that fails half-way is simply run again.
 */
@Injectable()
export class Starter {
  private pass: Promise<void> | null = null;
  private again = false;
  private isStopping = false;
  /** Starts that are being made: nobody judges them before. */
  private readonly making = new Map<string, Promise<void>>();

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

  /** Starts nothing more; resolves when the current pass has ended, and what it starts is made. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.pass;
    await Promise.all(this.making.values());
  }

  private async passes(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        await this.settle();
        await this.startNext();
      } catch (error) {
        // PostgreSQL is away; the next wake-up comes with the clock.
        this.logger.warn(`starter: ${messageOf(error)}`);
      }
    }
  }

  private async settle(): Promise<void> {
    // Listed before the database is asked: each start is in the database before it is at the place, by whichever trainer.
    const there = await this.executor.list();
    const isMade = (run: Run): boolean => !this.making.has(keyOf(startOf(run)));
    const allWanted = await this.runs.listStartsOn(this.executor.host);
    const allCancelled = await this.cancelled.listOn(this.executor.host);
    const known = new Set([...allCancelled, ...allWanted].map((run) => keyOf(startOf(run))));
    const [wanted, cancelled] = [allWanted.filter(isMade), allCancelled.filter(isMade)];
    // The owner of a cancelled run waits for its end.
    await this.each(cancelled, (run) => this.endCancelled(run));
    await this.each(wanted, async (run) => this.follow(run, await this.executor.observe(startOf(run))));
    await this.each(
      there.filter((name) => !known.has(keyOf(name))),
      (name) => this.executor.stop(name),
    );
  }

  /** Where one cannot be settled now, the others can. */
  private each<T extends { runId: RunId }>(items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
    return inParallel(items, AT_ONCE, async (item) => {
      try {
        await step(item);
      } catch (error) {
        this.logger.warn({ run_id: item.runId }, `starter: ${messageOf(error)}`);
      }
    });
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
    // Of several trainers only those that see the cluster say what is waited for: they agree.
    if (!this.executor.isCurrent()) return;
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

  /** Whose turn it is is decided for one after the other; what follows from it is made side by side. */
  private async startNext(): Promise<void> {
    let failures = 0;
    for (let n = 0; n < STARTS_OF_A_PASS; n += 1) {
      if (this.isStopping || !this.executor.isReady()) return;
      const order = await this.claimNext();
      if (!order) return;
      const key = keyOf(order);
      const made = this.make(order)
        .catch((error: unknown) => {
          failures += 1;
          this.logger.warn({ run_id: order.runId }, `start ${String(order.start)}: ${messageOf(error)}`);
        })
        .finally(() => this.making.delete(key));
      this.making.set(key, made);
      if (this.making.size >= AT_ONCE) await Promise.race(this.making.values());
      // A host that cannot make one now would be given the whole queue.
      if (failures > 0) return;
    }
    this.again = true;
  }

  /** What cannot be made is found unknown to the executor later, and given up then: the same as after a crash right here. */
  private async make(order: StartOrder): Promise<void> {
    countStart();
    await this.executor.start(order);
  }

  private async claimNext(): Promise<StartOrder | null> {
    return this.database.runInTransaction('system', async (tx) => {
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
  }
}

function keyOf({ runId, start }: StartName): string {
  return `${runId} ${String(start)}`;
}

function startOf(run: Run): OrderedStart {
  const { runId, starts: start, accelerator, orderedMsAgo } = run;
  return { runId, start, accelerator, orderedMsAgo: orderedMsAgo ?? Number.MAX_SAFE_INTEGER };
}
