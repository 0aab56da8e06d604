import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { UsageService } from './usage.service';

@Injectable()
export class UsageConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(usage: UsageService) {
    this.definition = defineWorker({
      name: 'billing-usage',
      event: 'training.run-succeeded.v1',
      handle: ({ data }) =>
        usage.recordRun({
          runId: data.run_id as RunId,
          organizationId: data.organization_id as OrganizationId,
          modelId: data.model_id as ModelId,
          snapshotKey: data.snapshot_key,
          snapshotSha256: data.snapshot_sha256,
          trainingMs: data.training_ms,
        }),
    });
  }
}
