import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { defineConsumer, type EventConsumer } from '@attune/messaging';
import { ModelErasureService } from './model-erasure.service';

/** Ticks the steps of other services. */
@Injectable()
export class ModelErasureConsumer implements EventConsumer {
  constructor(private readonly erasure: ModelErasureService) {}

  readonly definition = defineConsumer({
    name: 'models-erasure',
    handlers: {
      'ingestion.model-erased.v1': ({ data }, tx) => this.erasure.tick(tx, modelOf(data), 'ingestion'),
      'training.model-erased.v1': ({ data }, tx) => this.erasure.tick(tx, modelOf(data), 'training'),
      'evaluation.model-erased.v1': ({ data }, tx) => this.erasure.tick(tx, modelOf(data), 'evaluation'),
      'billing.model-erased.v1': ({ data }, tx) => this.erasure.tick(tx, modelOf(data), 'billing'),
    },
  });
}

function modelOf(data: { organization_id: string; model_id: number }) {
  return { id: data.model_id as ModelId, organizationId: data.organization_id as OrganizationId };
}
