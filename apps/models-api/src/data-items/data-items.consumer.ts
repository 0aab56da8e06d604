import { Injectable } from '@nestjs/common';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import { defineConsumer, type EventConsumer } from '@attune/messaging';
import { DataItemsService } from './data-items.service';
import { fromEventPair, fromEventRejection } from './data-item.convert';

/** Takes in ingestion's verdicts. */
@Injectable()
export class DataItemsConsumer implements EventConsumer {
  constructor(private readonly items: DataItemsService) {}

  readonly definition = defineConsumer({
    name: 'models-data-items',
    handlers: {
      'ingestion.data-validated.v1': ({ data }, tx) => this.items.acceptPair(tx, itemOf(data), fromEventPair(data)),
      'ingestion.data-rejected.v1': ({ data }, tx) => this.items.rejectPair(tx, itemOf(data), fromEventRejection(data)),
    },
  });
}

function itemOf(data: { organization_id: string; model_id: number; item_id: string }) {
  return {
    organizationId: data.organization_id as OrganizationId,
    modelId: data.model_id as ModelId,
    id: data.item_id as ItemId,
  };
}
