import { Injectable } from '@nestjs/common';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { fromEventSucceeded } from './usage.convert';
import { UsageService } from './usage.service';

@Injectable()
export class UsageConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(usage: UsageService) {
    this.definition = defineWorker({
      name: 'billing-usage',
      event: 'training.run-succeeded.v1',
      handle: ({ data, time }) => usage.recordHeard(fromEventSucceeded(data, time)),
      concurrency: 4,
    });
  }
}
