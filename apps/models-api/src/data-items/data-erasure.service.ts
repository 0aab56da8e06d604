import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER, OBJECT_STORE } from '@attune/service';
import { itemPrefix, type ObjectStore } from '@attune/storage';
import { RunItemsRepository } from '../runs/run-items.repository';
import { DataErasureRepository, type DataErasure } from './data-erasure.repository';
import { DecodeScrubber } from './decode-scrubber';

const BATCH = 100;

/**
 * Removes from the store what its owner has deleted. What is to go is a row of the deletion's own transaction; the row goes
 * only after the bytes, so neither a crash nor a store that is away leaves any behind.
 */
@Injectable()
export class DataErasureService {
  constructor(
    private readonly database: Database,
    private readonly erasures: DataErasureRepository,
    private readonly runItems: RunItemsRepository,
    private readonly decodes: DecodeScrubber,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Does it now if it can be done, and says whether; the reconciler does what fails or has to wait here. */
  async attempt(erasure: DataErasure): Promise<boolean> {
    try {
      return await this.erase(erasure);
    } catch (error) {
      this.logger.warn({ item_id: erasure.itemId }, `erasing stays for later: ${messageOf(error)}`);
      return false;
    }
  }

  /** One pass over erasures that nobody has tried for `seconds`; answers how many were done. One that fails holds none up. */
  async continueErasures(seconds: number, signal: AbortSignal): Promise<number> {
    const due = await this.database.runInTransaction('system', (tx) => this.erasures.takeDue(tx, seconds, BATCH));
    let done = 0;
    for (const erasure of due) {
      if (signal.aborted) break;
      if (await this.attempt(erasure)) done += 1;
    }
    return done;
  }

  /** False while a run that was asked for before the erasure reads the transcript. */
  private async erase(erasure: DataErasure): Promise<boolean> {
    const { itemId, transcriptKey } = erasure;
    const { isInUse, versions } = await this.database.read(erasure, async (tx) => ({
      isInUse: await this.erasures.isInUse(tx, erasure.id),
      versions: await this.runItems.listVersionsOf(tx, itemId),
    }));
    if (isInUse) return false;
    if (transcriptKey === null) await this.store.deletePrefix(itemPrefix(erasure));
    else await this.store.delete(transcriptKey);
    for (const version of versions) await this.decodes.scrub({ ...erasure, ...version }, itemId);
    await this.database.runInTransaction(erasure, (tx) => this.erasures.remove(tx, erasure.id));
    return true;
  }
}
