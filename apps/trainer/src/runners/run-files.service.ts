import { Inject, Injectable } from '@nestjs/common';
import { AppError, assertNever } from '@attune/kernel';
import { OBJECT_STORE } from '@attune/service';
import {
  artifactKey,
  baseDecodesKey,
  checkpointKey,
  customDecodesKey,
  manifestKey,
  modelPrefix,
  type ObjectStore,
} from '@attune/storage';
import type { Answer, CheckpointRecord, ReadSource, SignedWrite, WriteTarget } from '../runner-protocol/protocol';
import { epochPlaceOf } from '../runs/run-announcements';
import type { Run } from '../runs/run';
import { BaseCatalogue } from './base-catalogue';
import { CheckpointsRepository } from './checkpoints.repository';
import { CheckpointsService, keyOf } from './checkpoints.service';
import { Fence } from './fence';
import type { Start } from './start.guard';

/** How long a signed URL lives: longer than any one transfer, shorter than anybody could make use of a stolen one. */
export const URL_TTL_SECONDS = 900;
/** Checkpoints kept of one run; the second is for a newest that turns out to be damaged. */
const KEPT_CHECKPOINTS = 2;

/** Which objects a runner may read and write. Keys are made here; a runner only names things. */
@Injectable()
export class RunFilesService {
  constructor(
    private readonly fence: Fence,
    private readonly bases: BaseCatalogue,
    private readonly checkpoints: CheckpointsRepository,
    private readonly newestCheckpoints: CheckpointsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  async sign(
    start: Start,
    epoch: number,
    reads: readonly ReadSource[],
    writes: readonly WriteTarget[],
  ): Promise<{ reads: string[]; writes: SignedWrite[] }> {
    const run = await this.fence.check(start, epoch);
    return {
      reads: await Promise.all(
        reads.map(async (source) => this.store.signedGet(await this.readKey(run, source), URL_TTL_SECONDS)),
      ),
      writes: await Promise.all(writes.map((target) => this.store.signedPut(writeKey(run, target), URL_TTL_SECONDS))),
    };
  }

  /** From now on a later start goes on from this checkpoint. Older ones leave. */
  async commitCheckpoint(start: Start, epoch: number, checkpoint: CheckpointRecord): Promise<Answer> {
    const stored = await this.store.stat(
      checkpointKey(epochPlaceOf(await this.fence.check(start, epoch)), checkpoint.file),
    );
    if (stored.bytes !== checkpoint.bytes)
      throw new AppError('VALIDATION_ERROR', 'The checkpoint is not stored as described');
    const run = await this.fence.within(start, epoch, async (tx, held) => {
      await this.checkpoints.add(tx, held, checkpoint);
      return held;
    });
    await this.removeOldCheckpoints(start, run);
    return { answer: 'continue' };
  }

  private async removeOldCheckpoints(start: Start, run: Run): Promise<void> {
    const old = (await this.checkpoints.list(run)).slice(KEPT_CHECKPOINTS);
    for (const checkpoint of old) {
      // The row first: what is in no row is not used, and goes with the epoch's prefix at the latest.
      await this.fence.within(start, run.epoch, (tx, held) => this.checkpoints.remove(tx, held, checkpoint));
      await this.store.delete(keyOf(run, checkpoint));
    }
  }

  private async readKey(run: Run, source: ReadSource): Promise<string> {
    switch (source.kind) {
      case 'snapshot':
        return run.snapshotKey;
      case 'data':
        if (!source.key.startsWith(`${modelPrefix(run)}data/`)) throw notYours();
        return source.key;
      case 'base': {
        const { files } = await this.bases.resolve(run.baseDigest);
        const file = files.find(({ path }) => path === source.path);
        if (!file) throw notYours();
        return file.key;
      }
      case 'checkpoint': {
        const newest = await this.newestCheckpoints.newest(run);
        if (!newest) throw notYours();
        return keyOf(run, newest);
      }
      default:
        return assertNever(source);
    }
  }
}

function writeKey(run: Run, target: WriteTarget): string {
  const place = epochPlaceOf(run);
  switch (target.kind) {
    case 'artifact':
      return artifactKey(place, target.path);
    case 'checkpoint':
      return checkpointKey(place, target.file);
    case 'base_decodes':
      return baseDecodesKey(place);
    case 'custom_decodes':
      return customDecodesKey(place);
    case 'manifest':
      return manifestKey(place);
    default:
      return assertNever(target);
  }
}

function notYours(): AppError {
  return new AppError('NOT_FOUND', 'There is no such object for this run');
}
