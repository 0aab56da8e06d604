import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Outbox, type Effect } from '@attune/messaging';
import { HoldsRepository } from '../holds/holds.repository';
import type { SucceededRun } from '../usage/usage';
import { UsageService } from '../usage/usage.service';

/**
 * Closes the account of a deleted model. Its snapshots wait for this: what its runs used is recorded first, from them, whether or not
 * anybody has told of the runs; only then may the model be erased. Usage stays: numbers, hashes and ids, nothing a person said.
 */
@Injectable()
export class ClosuresService {
  constructor(
    private readonly usage: UsageService,
    private readonly holds: HoldsRepository,
    private readonly outbox: Outbox,
  ) {}

  async closeRuns(
    model: { organizationId: OrganizationId; modelId: ModelId },
    succeeded: readonly SucceededRun[],
  ): Promise<Effect> {
    for (const run of succeeded) await this.usage.ensureRecorded(run);
    return async (tx) => {
      await this.holds.releaseOfModel(tx, model);
      await this.outbox.add(
        tx,
        'billing.model-erased.v1',
        { organization_id: model.organizationId, model_id: model.modelId },
        { aggregateId: model.modelId },
      );
    };
  }
}
