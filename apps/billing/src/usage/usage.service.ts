import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { PermanentFailure, type Effect } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { verifiedLines, type ObjectStore } from '@attune/storage';
import { trainingMsOf, type Usage, type UsageItem } from './usage';
import { fromSnapshotLine } from './usage.convert';
import { UsageRepository } from './usage.repository';

/** A run that succeeded, with the place of its frozen data. */
export interface SucceededRun {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  snapshotKey: string;
  snapshotSha256: string;
  /** The total that the run was announced with. */
  trainingMs: number;
}

@Injectable()
export class UsageService {
  private readonly logger = new Logger(UsageService.name);

  constructor(
    private readonly usage: UsageRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Reads what the run was trained on from its snapshot; what remains for the transaction is to record it, once for ever.
   * Throws PermanentFailure when the snapshot and the announced total disagree: neither may be charged by.
   */
  async recordRun(run: SucceededRun): Promise<Effect> {
    const items: UsageItem[] = [];
    for await (const line of verifiedLines(this.store, run.snapshotKey, run.snapshotSha256)) {
      const item = fromSnapshotLine(line);
      if (item) items.push(item);
    }
    const usage: Usage = { runId: run.runId, organizationId: run.organizationId, modelId: run.modelId, items };
    const totalMs = trainingMsOf(usage);
    if (totalMs !== run.trainingMs) {
      throw new PermanentFailure(
        `run ${run.runId} was announced with ${String(run.trainingMs)} ms of training audio, its snapshot has ${String(totalMs)} ms`,
      );
    }
    return (tx) => this.record(tx, usage);
  }

  private async record(tx: Tx, usage: Usage): Promise<void> {
    const recorded = await this.usage.insert(tx, usage);
    if (recorded) this.logger.log(`usage of run ${usage.runId} recorded: ${String(trainingMsOf(usage))} ms`);
  }
}
