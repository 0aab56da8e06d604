import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { ItemsService } from './items.service';

@Injectable()
export class ErasuresConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(items: ItemsService) {
    this.definition = defineConsumer({
      name: 'ingestion-models',
      handlers: {
        'models.model-deleted.v1': ({ data }, tx) =>
          items.eraseModel(tx, data.organization_id as OrganizationId, data.model_id as ModelId),
      },
    });
  }
}
