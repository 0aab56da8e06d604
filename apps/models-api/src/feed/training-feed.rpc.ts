import { Injectable } from '@nestjs/common';
import type { FeedEvent } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { TrainingFeed, type FeedRequest } from './feed.service';

/** Asks the trainer over request/reply. */
@Injectable()
export class RpcTrainingFeed extends TrainingFeed {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  list(
    organizationId: OrganizationId,
    modelId: ModelId,
    { after, levels, limit, withTotal }: FeedRequest,
  ): Promise<{ total: number | null; events: FeedEvent[] }> {
    return this.rpc.call('training.list-events', {
      organization_id: organizationId,
      model_id: modelId,
      after,
      levels: [...levels],
      limit,
      with_total: withTotal,
    });
  }
}
