import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { PermanentFailure, type Effect } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { ObjectNotFound, verifiedLines, type ObjectStore } from '@attune/storage';
import { AlertsService } from '../alerts/alerts.service';
import { ChargesService } from '../charges/charges.service';
import { LedgerService } from '../ledger/ledger.service';
import { payloadDigestOf, trainingMsOf, type SucceededRun, type Usage, type UsageItem } from './usage';
import { fromSnapshotLine } from './usage.convert';
import { UsageRepository } from './usage.repository';

/** Records what succeeded runs used, once for ever, and has it charged in the same transaction. */
@Injectable()
export class UsageService {
  private readonly logger = new Logger(UsageService.name);

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRepository,
    private readonly ledger: LedgerService,
    private readonly charges: ChargesService,
    private readonly alerts: AlertsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Reads what the run was trained on from its snapshot; what remains for the transaction is to record and charge it, once for ever.
   * Throws PermanentFailure when the snapshot and the announced total disagree: neither may be charged by.
   */
  async recordRun(run: SucceededRun): Promise<Effect> {
    const items: UsageItem[] = [];
    for await (const line of verifiedLines(this.store, run.snapshotKey, run.snapshotSha256)) {
      const item = fromSnapshotLine(line);
      if (item) items.push(item);
    }
    const { runId, organizationId, modelId, succeededAt } = run;
    const usage: Usage = { runId, organizationId, modelId, items, occurredAt: succeededAt };
    const totalMs = trainingMsOf(usage);
    if (totalMs !== run.trainingMs) {
      throw new PermanentFailure(
        `run ${runId} was announced with ${String(run.trainingMs)} ms of training audio, its snapshot has ${String(totalMs)} ms`,
      );
    }
    return (tx) => this.record(tx, usage);
  }

  /** The same for an event, which may come after its model is gone: of a run that is recorded the snapshot need not exist any more. */
  async recordHeard(run: SucceededRun): Promise<Effect> {
    try {
      return await this.recordRun(run);
    } catch (error) {
      if (error instanceof ObjectNotFound && (await this.isRecorded(run))) return () => Promise.resolve();
      throw error;
    }
  }

  /** Records a run that no event may have told of, unless it is recorded. */
  async ensureRecorded(run: SucceededRun): Promise<void> {
    if (await this.isRecorded(run)) return;
    await this.database.runInTransaction({ organizationId: run.organizationId }, await this.recordRun(run));
  }

  private async isRecorded({ organizationId, runId }: SucceededRun): Promise<boolean> {
    const digest = await this.database.read({ organizationId }, (tx) =>
      this.usage.findPayloadDigest(tx, organizationId, runId),
    );
    return digest !== null;
  }

  private async record(tx: Tx, usage: Usage): Promise<void> {
    const ledger = await this.ledger.open(tx, usage.organizationId);
    if (!(await this.usage.insert(tx, usage))) {
      await this.checkSame(tx, usage);
      return;
    }
    const charge = await this.charges.chargeRun(tx, ledger, usage);
    this.logger.log(
      `run ${usage.runId} used ${String(trainingMsOf(usage))} ms, ${String(charge.newMs)} ms of it new: ${String(charge.amountCents)} cents`,
    );
  }

  /** The first record of a run is the one that counts; another content under its id is a mistake or worse. */
  private async checkSame(tx: Tx, usage: Usage): Promise<void> {
    const announced = payloadDigestOf(usage);
    const recorded = await this.usage.findPayloadDigest(tx, usage.organizationId, usage.runId);
    if (recorded === announced || recorded === '') return;
    await this.alerts.raise(tx, {
      kind: 'usage_conflict',
      subject: `${usage.runId} ${announced}`,
      organizationId: usage.organizationId,
      details: { run_id: usage.runId, recorded, announced, announced_ms: trainingMsOf(usage) },
    });
  }
}
