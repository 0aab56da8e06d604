import { Inject, Injectable } from '@nestjs/common';
import { OBJECT_STORE } from '@attune/service';
import { checkpointKey, type ObjectStore } from '@attune/storage';
import { epochPlaceOf } from '../runs/run-announcements';
import type { Run } from '../runs/run';
import { CheckpointsRepository, type StoredCheckpoint } from './checkpoints.repository';

@Injectable()
export class CheckpointsService {
  constructor(
    private readonly checkpoints: CheckpointsRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /**
   * Where a start goes on from; null: from the beginning. A row without its object, as a restored backup may have, is no checkpoint: to train
   * a little again is better than to fail.
   */
  async newest(run: Run): Promise<StoredCheckpoint | null> {
    for (const checkpoint of await this.checkpoints.list(run)) {
      if (await this.store.exists(keyOf(run, checkpoint))) return checkpoint;
    }
    return null;
  }
}

/** Where a checkpoint of the run lies, whichever epoch wrote it. */
export function keyOf(run: Run, { epoch, file }: StoredCheckpoint): string {
  return checkpointKey({ ...epochPlaceOf(run), epoch }, file);
}
