import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { noteStale } from '@attune/messaging';
import { RunsRepository } from '../runs/runs.repository';
import { QueueRepository } from './queue.repository';

/** How many runs an organization may have at work at once, as billing last said. */
@Injectable()
export class LiveRunLimitsService {
  constructor(
    private readonly queue: QueueRepository,
    private readonly runs: RunsRepository,
  ) {}

  /** A higher limit may let a waiting run start now; a lower one ends no run that is at work. */
  async applyLimit(tx: Tx, organizationId: OrganizationId, liveRuns: number | null, revision: number): Promise<void> {
    if (await this.queue.applyLimit(tx, organizationId, liveRuns, revision)) await this.runs.wake(tx);
    else noteStale('billing.entitlements-changed.v2');
  }
}
