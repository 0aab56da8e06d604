import { Inject, Injectable } from '@nestjs/common';
import { CommitOutcomeUnknown, Database, type Tx } from '@attune/database';
import { newId, type ModelId, type OrganizationId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { archivePrefix, type ObjectStore } from '@attune/storage';
import { uploadExpired } from '../data-items/upload.errors';
import { Effects } from '../idempotency/effects';
import { LimitsService } from '../limits/limits.service';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import type { Archive, ArchiveMember, ArchivePlace, MemberCounts, MemberOutcome } from './archive';
import { archiveNotFound } from './archive.errors';
import type { ReceivedArchive } from './archive-receiver';
import { ArchivesRepository } from './archives.repository';

const TOUCH_EVERY_MS = 5 * 60_000;
const BATCH = 100;

export interface ArchiveState {
  archive: Archive;
  counts: MemberCounts;
}

export interface ArchivePage extends ArchiveState {
  /** Of all members with the outcome that was asked for. */
  total: number;
  members: ArchiveMember[];
}

/** Takes archives in and says what became of them. Unpacking is a work of its own, asked for by an event. */
@Injectable()
export class ArchivesService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly archives: ArchivesRepository,
    private readonly effects: Effects,
    private readonly limits: LimitsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Looks the model up before a byte is read; `receive` stores the archive at its place. Whatever fails, nothing of it stays.
   * The retry of a request that was stored and broke off before its answer receives nothing and tells of that archive.
   * One archive is one upload, whatever is in it. Throws MODEL_NOT_FOUND, RATE_LIMIT_EXCEEDED, and what `receive` throws.
   */
  async accept(
    organizationId: OrganizationId,
    modelId: ModelId | null,
    receive: (place: ArchivePlace) => Promise<ReceivedArchive>,
  ): Promise<ArchiveState> {
    if (modelId === null) throw modelNotFound();
    const { earlier } = this.effects;
    if (earlier !== null) return this.getState({ organizationId, modelId, archiveId: earlier });
    const place: ArchivePlace = { organizationId, modelId, archiveId: newId() };
    await this.database.runInTransaction(place, async (tx) => {
      if (!(await this.models.read(tx, organizationId, modelId))) throw modelNotFound();
      await this.limits.check(tx, organizationId, 'data_uploads_per_hour');
      await this.archives.insert(tx, place);
    });
    const touching = setInterval(
      () => void this.archives.touchNow(place.archiveId).catch(() => undefined),
      TOUCH_EVERY_MS,
    );
    try {
      return await this.begin(place, await receive(place));
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) await this.remove(place).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(touching);
    }
  }

  /** A page of the members with what became of each. Throws MODEL_NOT_FOUND, ARCHIVE_NOT_FOUND. */
  async get(
    place: ArchivePlace,
    outcome: MemberOutcome | null,
    page: { offset: number; limit: number },
  ): Promise<ArchivePage> {
    return this.database.read(place, async (tx) => {
      if (!(await this.models.read(tx, place.organizationId, place.modelId))) throw modelNotFound();
      const { archive, counts } = await this.readState(tx, place);
      const members = await this.archives.listMembers(tx, archive.archiveId, outcome, page);
      const total = outcome === null ? Object.values(counts).reduce((sum, count) => sum + count, 0) : counts[outcome];
      return { archive, counts, total, members };
    });
  }

  /** Asks again for archives that nobody has worked on for `seconds`: the event was lost, or its worker died. */
  async announceIdle(seconds: number): Promise<number> {
    return this.database.runInTransaction('system', async (tx) => {
      const ids = await this.archives.takeIdle(tx, seconds);
      for (const id of ids) await this.outbox.askAgain(tx, 'models.archive-uploaded.v1', id);
      return ids.length;
    });
  }

  /** Removes the bytes of finished archives, and what uploads of archives left that stood still for `seconds`. */
  async removeUseless(seconds: number, signal: AbortSignal): Promise<void> {
    const useless = await this.database.read('system', (tx) => this.archives.listUseless(tx, seconds, BATCH));
    for (const place of useless) {
      if (signal.aborted) return;
      await this.remove(place);
    }
  }

  private async begin(place: ArchivePlace, received: ReceivedArchive): Promise<ArchiveState> {
    const { organizationId, modelId, archiveId } = place;
    return this.database.runInTransaction(place, async (tx) => {
      if (!(await this.models.lock(tx, organizationId, modelId))) throw modelNotFound();
      if (!(await this.archives.markReceived(tx, place, received))) throw uploadExpired();
      await this.limits.take(tx, organizationId, 'data_uploads_per_hour', archiveId);
      await this.outbox.add(
        tx,
        'models.archive-uploaded.v1',
        { organization_id: organizationId, model_id: modelId, archive_id: archiveId },
        { aggregateId: archiveId },
      );
      await this.effects.record(tx, archiveId);
      return this.readState(tx, place);
    });
  }

  private getState(place: ArchivePlace): Promise<ArchiveState> {
    return this.database.read(place, (tx) => this.readState(tx, place));
  }

  private async readState(tx: Tx, place: ArchivePlace): Promise<ArchiveState> {
    const archive = await this.archives.find(tx, place);
    if (!archive) throw archiveNotFound();
    return { archive, counts: await this.archives.countMembers(tx, archive.archiveId) };
  }

  /** Bytes first: while the row says they are there, the next pass removes what this could not. */
  private async remove(place: ArchivePlace): Promise<void> {
    await this.store.deletePrefix(archivePrefix(place));
    await this.database.runInTransaction(place, (tx) => this.archives.markRemoved(tx, place.archiveId));
  }
}
