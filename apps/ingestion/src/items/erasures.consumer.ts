import { Injectable } from '@nestjs/common';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
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
        'models.data-deleted.v1': ({ data }, tx) =>
          items.eraseItem(tx, {
            organizationId: data.organization_id as OrganizationId,
            modelId: data.model_id as ModelId,
            itemId: data.item_id as ItemId,
          }),
      },
    });
  }
}
