import { Inject, Injectable } from '@nestjs/common';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER, OBJECT_STORE } from '@attune/service';
import { checkpointPrefix, epochPrefix, type ObjectStore } from '@attune/storage';
import { epochPlaceOf } from '../runs/run-announcements';
import type { Run } from '../runs/run';
import { URL_TTL_SECONDS } from '../runners/run-files.service';
import { GarbageRepository } from './garbage.repository';

/**
 * Removes what finished runs no longer need: everything of losing epochs, and the winner's checkpoints. It looks at each run twice, since a
 * zombie's signed URLs outlive the run by their time to live.
 */
@Injectable()
export class GarbageService {
  constructor(
    private readonly garbage: GarbageRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async collect(): Promise<void> {
    for (const run of await this.garbage.listUncollected(URL_TTL_SECONDS)) {
      try {
        for (const prefix of uselessPrefixes(run)) await this.store.deletePrefix(prefix);
        await this.garbage.markCollected(run);
      } catch (error) {
        this.logger.warn({ run_id: run.runId }, `garbage of the run stays for now: ${messageOf(error)}`);
      }
    }
  }
}

/** Pure, for the test of it: which prefixes of a finished run hold nothing that anybody will read. */
export function uselessPrefixes(run: Run): string[] {
  const winner = run.state === 'succeeded' ? run.epoch : null;
  const epochs = Array.from({ length: run.epoch }, (_, i) => i + 1);
  return epochs.map((epoch) => {
    const place = { ...epochPlaceOf(run), epoch };
    return epoch === winner ? checkpointPrefix(place) : epochPrefix(place);
  });
}
