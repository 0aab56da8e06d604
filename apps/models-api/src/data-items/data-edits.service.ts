import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CommitOutcomeUnknown, Database, type Tx } from '@attune/database';
import { newId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { revisedTranscriptKey, type ItemPlace, type ObjectStore } from '@attune/storage';
import { judgeWordRate, readTranscript, type Transcript } from '@attune/transcripts';
import { Effects } from '../idempotency/effects';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository, type LockedModel } from '../models/models.repository';
import { RunItemsRepository } from '../runs/run-items.repository';
import { isReady, type DataItem, type DataType, type ItemIssue, type ItemRef, type ReadyItem } from './data-item';
import { dataInUse, dataNotFound, dataNotReady, invalidTranscript } from './data-item.errors';
import { DataErasureRepository, type DataErasure } from './data-erasure.repository';
import { DataErasureService } from './data-erasure.service';
import { DataItemsRepository } from './data-items.repository';
import { DataListRepository } from './data-list.repository';
import { ReadinessService } from './readiness.service';
import { uploadExpired } from './upload.errors';

/** A transcript as it was sent; without a name the item's own stays. */
export interface SentTranscript {
  filename: string | null;
  content: Buffer;
}

/** What owners change of their items. A live run has its snapshot: it hears nothing of moves and new transcripts. */
@Injectable()
export class DataEditsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
    private readonly list: DataListRepository,
    private readonly runItems: RunItemsRepository,
    private readonly readiness: ReadinessService,
    private readonly erasures: DataErasureRepository,
    private readonly erasure: DataErasureService,
    private readonly effects: Effects,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /** Makes training data of test data, or the other way. Throws MODEL_NOT_FOUND, DATA_NOT_FOUND. */
  async move(item: ItemRef, dataType: DataType): Promise<DataItem> {
    return this.edit(item, async (tx, model) => {
      await this.items.move(tx, item, dataType);
      await this.readiness.settle(tx, model);
    });
  }

  /**
   * Erases the pair. Throws MODEL_NOT_FOUND, DATA_NOT_FOUND, and MODEL_BUSY while a live run uses it. Versions that used it
   * say so from now on.
   */
  async delete(item: ItemRef): Promise<void> {
    const erasure = await this.database.runInTransaction(item, async (tx) => {
      const { model } = await this.lock(tx, item);
      if (await this.runItems.isInLiveRun(tx, item.id)) throw dataInUse();
      await this.items.delete(tx, item);
      await this.runItems.markGone(tx, item.id);
      await this.readiness.settle(tx, model);
      await this.outbox.add(
        tx,
        'models.data-deleted.v1',
        { organization_id: item.organizationId, model_id: item.modelId, item_id: item.id },
        { aggregateId: item.id },
      );
      return this.erasures.insert(tx, placeOf(item), null);
    });
    await this.erasure.attempt(erasure);
  }

  /**
   * Another transcript for the recording, by the rules of an upload (INVALID_TRANSCRIPT). The text before it leaves the store,
   * at the end of a live run that uses it. The retry of a request that was carried out and broke off before its answer receives
   * nothing and replaces nothing. Throws MODEL_NOT_FOUND, DATA_NOT_FOUND, DATA_NOT_READY, and what `receive` throws.
   */
  async replaceTranscript(item: ItemRef, receive: () => Promise<SentTranscript>): Promise<DataItem> {
    if (this.effects.earlier !== null) return this.database.read(item, (tx) => this.read(tx, item));
    const sent = await receive();
    const transcript = readTranscript(sent.content);
    if (typeof transcript === 'string') throw invalidTranscript(transcript);
    const key = revisedTranscriptKey(placeOf(item), newId());
    // Should this process die, what it stored is found by this row.
    const unused = await this.database.runInTransaction(item, async (tx) => {
      judgedIssues(readyItem((await this.lock(tx, item)).stored), transcript);
      return this.erasures.insert(tx, placeOf(item), key);
    });
    try {
      const body = Readable.from([Buffer.from(transcript.text, 'utf8')]);
      const { sha256 } = await this.store.put(key, body, { contentType: 'text/plain; charset=utf-8' });
      const { edited, old } = await this.swapTranscript(item, { ...sent, transcript, key, sha256, unused });
      await this.erasure.attempt(old);
      return edited;
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) await this.erasure.attempt(unused);
      throw error;
    }
  }

  private async swapTranscript(
    item: ItemRef,
    next: { filename: string | null; transcript: Transcript; key: string; sha256: string; unused: DataErasure },
  ): Promise<{ edited: DataItem; old: DataErasure }> {
    return this.database.runInTransaction(item, async (tx) => {
      const stored = readyItem((await this.lock(tx, item)).stored);
      if (!(await this.erasures.remove(tx, next.unused.id))) throw uploadExpired();
      const issues = judgedIssues(stored, next.transcript);
      await this.items.replaceTranscript(tx, item, { ...next, issues });
      if (stored.transcriptSha256 !== next.sha256) await this.runItems.markGone(tx, item.id);
      const old = await this.erasures.insert(tx, placeOf(item), stored.transcriptKey);
      await this.effects.record(tx, item.id);
      return { edited: await this.read(tx, item), old };
    });
  }

  private edit(item: ItemRef, change: (tx: Tx, model: LockedModel) => Promise<void>): Promise<DataItem> {
    return this.database.runInTransaction(item, async (tx) => {
      const { model } = await this.lock(tx, item);
      await change(tx, model);
      return this.read(tx, item);
    });
  }

  /** The model first, as everywhere: uploads, runs and edits of one model take turns. */
  private async lock(tx: Tx, item: ItemRef): Promise<{ model: LockedModel; stored: DataItem }> {
    const model = await this.models.lock(tx, item.organizationId, item.modelId);
    if (!model) throw modelNotFound();
    const stored = await this.items.lock(tx, item);
    if (!stored) throw dataNotFound();
    return { model, stored };
  }

  private async read(tx: Tx, item: ItemRef): Promise<DataItem> {
    const stored = await this.list.find(tx, item);
    if (!stored) throw dataNotFound();
    return stored;
  }
}

function placeOf({ organizationId, modelId, id }: ItemRef): ItemPlace {
  return { organizationId, modelId, itemId: id };
}

function readyItem(item: DataItem): ReadyItem {
  if (!isReady(item)) throw dataNotReady(item.status);
  return item;
}

/** The item's issues with this transcript: those of the old one are gone. Throws INVALID_TRANSCRIPT. */
function judgedIssues(item: ReadyItem, transcript: Transcript): ItemIssue[] {
  const rate = judgeWordRate(transcript.wordCount, item.audioMs);
  if (typeof rate === 'string') throw invalidTranscript(rate);
  const others = item.issues.filter(({ code }) => !code.startsWith('TRANSCRIPT_'));
  return rate === null ? others : [...others, rate];
}
