import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { noteStale } from '@attune/messaging';
import { RunsRepository } from '../runs/runs.repository';
import { QueueRepository, type Entitlement } from './queue.repository';

/** What an organization's plan means for its starts, as billing last said. */
@Injectable()
export class LiveRunLimitsService {
  constructor(
    private readonly queue: QueueRepository,
    private readonly runs: RunsRepository,
  ) {}

  /** A higher limit may let a waiting run start now; a lower one ends no run that is at work. */
  async apply(tx: Tx, organizationId: OrganizationId, entitlement: Entitlement): Promise<void> {
    if (await this.queue.applyEntitlement(tx, organizationId, entitlement)) await this.runs.wake(tx);
    else noteStale('billing.entitlements-changed.v2');
  }
}
