import { Inject, Injectable } from '@nestjs/common';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import type { WorkSettings } from '../env';
import { WORK_SETTINGS } from '../work-settings';
import { fromEventUploaded } from './item.convert';
import { ItemsService } from './items.service';

@Injectable()
export class ItemsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(items: ItemsService, @Inject(WORK_SETTINGS) { concurrency }: WorkSettings) {
    this.definition = defineWorker({
      name: 'ingestion-items',
      event: 'models.data-uploaded.v1',
      concurrency,
      handle: ({ data }, { signal }) => items.ingest(fromEventUploaded(data), signal),
    });
  }
}
