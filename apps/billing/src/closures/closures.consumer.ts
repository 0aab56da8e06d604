import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { fromToldRun } from '../usage/usage.convert';
import { ClosuresService } from './closures.service';

@Injectable()
export class ClosuresConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(closures: ClosuresService) {
    this.definition = defineWorker({
      name: 'billing-closures',
      event: 'models.runs-closed.v1',
      handle: ({ data: { succeeded, ...model } }) =>
        closures.closeRuns(
          { organizationId: model.organization_id as OrganizationId, modelId: model.model_id as ModelId },
          succeeded.map((run) => fromToldRun({ ...run, ...model })),
        ),
    });
  }
}
