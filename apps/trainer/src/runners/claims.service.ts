import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { Answer, ClaimReply, RunnerFailure } from '../runner-protocol/protocol';
import { AttemptsService } from '../runs/attempts.service';
import { RunAnnouncements } from '../runs/run-announcements';
import type { Run } from '../runs/run';
import { RunsRepository } from '../runs/runs.repository';
import { Executor } from '../starts/executor';
import { toInterruptedEnd } from '../starts/start-end';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { BaseCatalogue } from './base-catalogue';
import { CheckpointsService } from './checkpoints.service';
import { Fence } from './fence';
import type { Start } from './start.guard';
import { Superseded } from './superseded';

/** Who holds a run: claim, heartbeat, and the runner's own word that it gives up. */
@Injectable()
export class ClaimsService {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly announcements: RunAnnouncements,
    private readonly attempts: AttemptsService,
    private readonly bases: BaseCatalogue,
    private readonly checkpoints: CheckpointsService,
    private readonly fence: Fence,
    private readonly executor: Executor,
    @Inject(TRAINER_SETTINGS) private readonly settings: TrainerSettings,
  ) {}

  /** A new epoch for this process. Asked again by the same process, because the answer was lost, it is the same epoch. */
  async claim(start: Start, owner: string): Promise<ClaimReply> {
    const queued = await this.runs.find(start.runId);
    if (!queued) throw new Superseded('the run is gone');
    // Asked before the claim: without a base the lease should not run.
    const base = await this.bases.resolve(queued.baseDigest);
    const run = await this.take(start, owner);
    const checkpoint = await this.checkpoints.newest(run);
    return {
      epoch: run.epoch,
      lease_ms: this.settings.leaseMs,
      language: run.language,
      seed: run.seed,
      engine: base.engine,
      base: { digest: base.digest, files: base.files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })) },
      snapshot_sha256: run.snapshotSha256,
      checkpoint,
    };
  }

  async heartbeat(start: Start, epoch: number): Promise<Answer> {
    const isHeld = await this.runs.heartbeat(start.runId, start.start, epoch, this.settings.leaseMs);
    if (!isHeld) throw new Superseded(`epoch ${String(epoch)} is over`);
    return { answer: 'continue' };
  }

  /** The runner gives up and says why. */
  async giveUp(start: Start, epoch: number, failure: RunnerFailure): Promise<Answer> {
    const status = await this.executor.observe({ ...start, orderedMsAgo: 0, accelerator: null });
    await this.fence.within(start, epoch, async (tx, run) => {
      if (failure.kind === 'data') await this.attempts.failForGood(tx, run, failure.message);
      else if (failure.kind === 'engine')
        await this.attempts.endAttempt(tx, run, { kind: 'failed', message: failure.message });
      else await this.attempts.endAttempt(tx, run, toInterruptedEnd(status));
    });
    return { answer: 'stop' };
  }

  private take(start: Start, owner: string): Promise<Run> {
    return this.database.runInTransaction('system', async (tx) => {
      const run = await this.runs.lock(tx, start.runId);
      if (!run || run.starts !== start.start) throw new Superseded('the start is over');
      if (run.state === 'preparing' && run.owner === owner) return run;
      // Released while the claim waited for the base: nobody follows this start any more.
      if (run.state !== 'queued' || run.host === null) throw new Superseded('the run is taken');
      const claimed = await this.runs.move(tx, run, 'preparing', `claimed by start ${String(run.starts)}`, {
        epoch: run.epoch + 1,
        owner,
        leaseMs: this.settings.leaseMs,
        claimWithinMs: null,
        eventsSequence: 0,
        claimedAgoMs: 0,
      });
      if (!claimed) throw new Superseded('the run is taken');
      return this.announcements.progress(tx, claimed, {
        stage: 'preparing',
        progress: claimed.progress,
        etaSeconds: null,
      });
    });
  }
}
