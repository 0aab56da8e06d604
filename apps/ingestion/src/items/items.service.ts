import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Outbox, type Effect } from '@attune/messaging';
import { Counter } from '@attune/observability';
import { OBJECT_STORE } from '@attune/service';
import { itemPrefix, uploadPrefix, type ObjectStore } from '@attune/storage';
import { toEventRejected, toEventValidated } from './item.convert';
import { ItemExaminer } from './item-examiner';
import type { ItemRef, Report, UploadedItem } from './item';
import { ItemsRepository } from './items.repository';

const SECOND_MS = 1000;
const verdicts = new Counter({
  name: 'attune_ingestion_verdicts_total',
  help: 'Pairs examined, by the verdict; a rejected one by the rule that it broke',
  labelNames: ['outcome', 'reason'],
});
const audioSeconds = new Counter({ name: 'attune_ingestion_audio_seconds_total', help: 'Audio found good' });

/**
 * One verdict for each uploaded pair. A crash before the commit leaves the upload in quarantine and the event unhandled: it is
 * examined again, with the same result. After the commit the upload is removed, by state and not by event, so nothing is forgotten.
 */
@Injectable()
export class ItemsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly items: ItemsRepository,
    private readonly examiner: ItemExaminer,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Examines a pair; what remains for the transaction is to keep the report and tell it. Asked again about the same pair, it
   * tells the same verdict as a new event: whoever asks has lost the first.
   */
  async ingest(item: UploadedItem, signal: AbortSignal): Promise<Effect> {
    const known = await this.items.findReport(item);
    if (known) return (tx) => this.announce(tx, item, known);
    if (await this.items.isErased(item)) return () => this.forget(item);
    const report = await this.examiner.examine(item, signal);
    verdicts.inc(
      report.outcome === 'validated' ? { outcome: 'validated' } : { outcome: 'rejected', reason: report.reason },
    );
    if (report.outcome === 'validated') audioSeconds.inc(report.audioMs / SECOND_MS);
    return async (tx) => {
      if (!(await this.items.lockUnlessErased(tx, item))) return this.forget(item);
      await this.items.insertReport(tx, item, report);
      await this.announce(tx, item, report);
    };
  }

  /** Removes what is known of a deleted model, and says so. Its objects are removed by whoever owns the model. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await this.items.eraseModel(tx, organizationId, modelId);
    const scope = { organization_id: organizationId, model_id: modelId };
    await this.outbox.add(tx, 'ingestion.model-erased.v1', scope, { aggregateId: modelId, organizationId });
  }

  /** Removes what is known of a deleted pair; one that is being examined leaves nothing either. Its owner removes its objects. */
  async eraseItem(tx: Tx, item: ItemRef): Promise<void> {
    await this.items.eraseItem(tx, item);
  }

  /** Removes from the store what verdicts have made useless: uploads, and all of a refused pair. Answers how many pairs. */
  async removeUploads(limit: number, signal: AbortSignal): Promise<number> {
    const left = await this.items.listUploadsLeft(limit);
    const removed: ItemRef[] = [];
    for (const item of left) {
      if (signal.aborted) break;
      await this.store.deletePrefix(item.outcome === 'rejected' ? itemPrefix(item) : uploadPrefix(item));
      removed.push(item);
    }
    const ids = removed.map(({ itemId }) => itemId);
    if (ids.length > 0) await this.database.runInTransaction('system', (tx) => this.items.markUploadRemoved(tx, ids));
    return removed.length;
  }

  /**
   * The pair or its model was deleted while it was examined: what was stored since then goes. Its owner may have erased its
   * objects already, so the event counts as handled only after this.
   */
  private async forget(item: ItemRef): Promise<void> {
    await this.store.deletePrefix(itemPrefix(item));
  }

  private async announce(tx: Tx, item: ItemRef, report: Report): Promise<void> {
    const options = { aggregateId: item.itemId, organizationId: item.organizationId };
    if (report.outcome === 'validated') {
      await this.outbox.add(tx, 'ingestion.data-validated.v1', toEventValidated(item, report), options);
    } else {
      await this.outbox.add(tx, 'ingestion.data-rejected.v1', toEventRejected(item, report), options);
    }
  }
}
