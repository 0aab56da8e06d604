import { Injectable } from '@nestjs/common';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { EvaluationsService } from './evaluations.service';

@Injectable()
export class ErasuresConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(evaluations: EvaluationsService) {
    this.definition = defineConsumer({
      name: 'evaluation-models',
      handlers: {
        'models.model-deleted.v1': ({ data }, tx) =>
          evaluations.eraseModel(tx, data.organization_id as OrganizationId, data.model_id as ModelId),
        'models.data-deleted.v1': ({ data }, tx) =>
          evaluations.eraseItem(tx, data.organization_id as OrganizationId, data.item_id as ItemId),
      },
    });
  }
}
