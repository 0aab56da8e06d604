import { Injectable } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { TrainingLog } from './training-log.service';

/** Asks the trainer over request/reply. */
@Injectable()
export class RpcTrainingLog extends TrainingLog {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<ReplyOf<'training.list-log'>> {
    return this.rpc.call('training.list-log', { organization_id: organizationId, model_id: modelId, ...page });
  }
}
