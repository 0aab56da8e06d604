import { Inject, Injectable } from '@nestjs/common';
import { CommitOutcomeUnknown, Database } from '@attune/database';
import { AppError, newId, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import { OBJECT_STORE } from '@attune/service';
import { itemPrefix, type ItemPlace, type ObjectStore } from '@attune/storage';
import { Effects } from '../idempotency/effects';
import { LimitsService } from '../limits/limits.service';
import { modelNotFound } from '../models/model.errors';
import type { ModelStatus } from '../models/model';
import { ModelsRepository } from '../models/models.repository';
import type { ItemStatus } from './data-item';
import { DataItemsRepository } from './data-items.repository';
import { DataListRepository } from './data-list.repository';
import { PairRegistrarService, type Registered } from './pair-registrar.service';
import type { ReceivedUpload, UploadedNames, UploadPart } from './upload';
import { itemGone, pairRejected, uploadExpired } from './upload.errors';
import { UploadReceiver } from './upload-receiver';
import { UploadsRepository } from './uploads.repository';
import { VerdictWatch } from './verdict-watch';

/** How long an upload waits for ingestion before it answers `processing`. */
export const VERDICT_WAIT_MS = 5000;
const TOUCH_EVERY_MS = 5 * 60_000;

export interface UploadResult extends UploadedNames {
  itemId: ItemId;
  itemStatus: ItemStatus;
  isDuplicate: boolean;
  modelStatus: ModelStatus;
}

/** Takes a pair in: bytes into quarantine, an item in `processing`, ingestion told; then waits a little for the verdict. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
    private readonly list: DataListRepository,
    private readonly uploads: UploadsRepository,
    private readonly registrar: PairRegistrarService,
    private readonly receiver: UploadReceiver,
    private readonly verdicts: VerdictWatch,
    private readonly effects: Effects,
    private readonly limits: LimitsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Looks the model up before a byte is read. Whatever fails, nothing of the pair stays stored: MODEL_NOT_FOUND,
   * VALIDATION_ERROR, PAYLOAD_TOO_LARGE, RATE_LIMIT_EXCEEDED, a client that goes away, and ingestion's refusal if it comes
   * within five seconds. The retry of an upload that was stored and broke off before its answer reads nothing, counts nothing and
   * waits for the verdict on that item.
   */
  async upload(
    organizationId: OrganizationId,
    id: ModelId | null,
    parts: AsyncIterable<UploadPart>,
  ): Promise<UploadResult> {
    if (id === null || !(await this.models.find(organizationId, id))) throw modelNotFound();
    const earlier = this.effects.earlier as ItemId | null;
    const place: ItemPlace = { organizationId, modelId: id, itemId: earlier ?? newId<ItemId>() };
    return this.answer(place, earlier === null ? await this.receive(place, parts) : await this.findStored(place));
  }

  private async findStored({ organizationId, modelId, itemId }: ItemPlace): Promise<UploadedNames & Registered> {
    const ref = { organizationId, modelId, id: itemId };
    const item = await this.database.read({ organizationId }, (tx) => this.list.find(tx, ref));
    if (!item) throw itemGone();
    const { dataType, audioFilename, transcriptFilename } = item;
    const names = { dataType, audio: { filename: audioFilename }, transcript: { filename: transcriptFilename } };
    return { ...names, itemId, isDuplicate: false };
  }

  /** Waits for the verdict. A pair that was there already may have its verdict, or have been refused a moment ago. */
  private async answer(place: ItemPlace, received: UploadedNames & Registered): Promise<UploadResult> {
    const stored: ItemPlace = { ...place, itemId: received.itemId };
    const verdict = await this.verdicts.waitFor(stored.itemId, VERDICT_WAIT_MS);
    if (verdict?.rejection) {
      await this.discardRejected(place, stored.itemId);
      throw pairRejected(verdict.rejection);
    }
    const model = await this.models.find(place.organizationId, place.modelId);
    if (!model) throw modelNotFound();
    return { ...received, itemStatus: verdict?.status ?? 'processing', modelStatus: model.status };
  }

  private async receive(place: ItemPlace, parts: AsyncIterable<UploadPart>): Promise<ReceivedUpload & Registered> {
    await this.database.runInTransaction(place, async (tx) => {
      await this.limits.check(tx, place.organizationId, 'data_uploads_per_hour');
      await this.uploads.insert(tx, place);
    });
    const touching = setInterval(() => void this.uploads.touch(place).catch(() => undefined), TOUCH_EVERY_MS);
    try {
      const received = await this.receiver.receive(place, parts);
      const registered = await this.register(place, received);
      if (registered.isDuplicate) await this.discard(place);
      return { ...received, ...registered };
    } catch (error) {
      // If the commit's answer got lost, the item may exist: then the sweep decides, by the upload's row.
      if (!(error instanceof CommitOutcomeUnknown)) await this.discard(place);
      throw await this.explain(place, error);
    } finally {
      clearInterval(touching);
    }
  }

  /** The bytes of a duplicate stay this upload's: its row stands until they are removed. */
  private async register(place: ItemPlace, received: ReceivedUpload): Promise<Registered> {
    const { organizationId, modelId, itemId } = place;
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const model = await this.models.lock(tx, organizationId, modelId);
      if (!model) throw modelNotFound();
      // Before the model's status moves: models, organizations and counts are locked in this order everywhere.
      await this.limits.take(tx, organizationId, 'data_uploads_per_hour', itemId);
      const registered = await this.registrar.register(tx, model, place, received);
      if (registered.isDuplicate) return registered;
      if (!(await this.uploads.take(tx, itemId))) throw uploadExpired();
      await this.effects.record(tx, itemId);
      return registered;
    });
  }

  /** A model's erasure may take the bytes away from under their upload: that is a missing model, and no accident. */
  private async explain({ organizationId, modelId }: ItemPlace, error: unknown): Promise<unknown> {
    if (error instanceof AppError) return error;
    return (await this.models.find(organizationId, modelId)) ? error : modelNotFound();
  }

  /** Bytes first: while the row stands, the sweep finds what this could not remove. */
  private async discard(place: ItemPlace): Promise<void> {
    try {
      await this.store.deletePrefix(itemPrefix(place));
      await this.database.runInTransaction(place, (tx) => this.uploads.take(tx, place.itemId));
    } catch {
      // The sweep tries again in an hour; the client gets the error that came first.
    }
  }

  /** What was refused within its own request costs nothing: the item goes, and so does the upload's place in the hour's count. */
  private async discardRejected(place: ItemPlace, itemId: ItemId): Promise<void> {
    await this.store.deletePrefix(itemPrefix({ ...place, itemId }));
    const { organizationId, itemId: subject } = place;
    await this.database.runInTransaction(place, async (tx) => {
      await this.items.deleteRejected(tx, { organizationId, id: itemId });
      await this.limits.giveBack(tx, { organizationId, policy: 'data_uploads_per_hour', subject });
      await this.effects.undo(tx);
    });
  }

  /** Removes what crashed uploads left behind more than `seconds` ago; answers how many there were. */
  async sweepAbandoned(seconds: number, signal: AbortSignal): Promise<number> {
    let swept = 0;
    while (!signal.aborted) {
      const found = await this.database.runInTransaction('system', async (tx) => {
        const place = await this.uploads.takeAbandoned(tx, seconds);
        if (place) await this.store.deletePrefix(itemPrefix(place));
        return place !== null;
      });
      if (!found) break;
      swept += 1;
    }
    return swept;
  }
}
