import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { RunPlace } from '@attune/storage';
import { Billing } from './billing';
import { dataChanged } from './cost.errors';
import { extentOf, TrainingAudioRepository, type AudioExtent } from './training-audio.repository';

/**
 * Money before a run: what it is going to cost is reserved before the transaction that starts it, under the run's own id. Between the two
 * nothing can be lost: a hold whose run never came to be expires, and one whose run did is confirmed by the run's own event.
 */
@Injectable()
export class RunHoldsService {
  constructor(
    private readonly database: Database,
    private readonly audio: TrainingAudioRepository,
    private readonly billing: Billing,
  ) {}

  /** Answers what was priced, for the transaction to compare. Throws COST_LIMIT_EXCEEDED, and SERVICE_UNAVAILABLE without billing. */
  async place(run: RunPlace, maxCents: number | null): Promise<AudioExtent> {
    const recordings = await this.database.read({ organizationId: run.organizationId }, (tx) =>
      this.audio.list(tx, run),
    );
    const newMs = await this.billing.measureNew(run, recordings);
    await this.billing.placeHold(run, newMs, maxCents);
    return extentOf(recordings);
  }

  /** Under the model's lock. Throws MODEL_NOT_READY when the data is not what was priced. */
  async checkUnchanged(tx: Tx, run: RunPlace, priced: AudioExtent): Promise<void> {
    const now = await this.audio.extent(tx, run);
    if (now.digest !== priced.digest) throw dataChanged();
  }

  /** The run was not started. What cannot be said now is found out by billing itself. */
  async release(run: RunPlace): Promise<void> {
    await this.billing.releaseHold(run).catch(() => undefined);
  }
}
