import { Injectable } from '@nestjs/common';
import type { OrganizationId, RunId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { HoldsService } from './holds.service';

/** Follows what becomes of the runs that something is held for. A success is usage's matter: it posts the hold. */
@Injectable()
export class HoldsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(holds: HoldsService) {
    this.definition = defineConsumer({
      name: 'billing-holds',
      handlers: {
        'models.run-requested.v1': ({ data }, tx) => holds.confirm(tx, runOf(data)),
        'models.run-requested.v2': ({ data }, tx) => holds.confirm(tx, runOf(data)),
        'training.run-failed.v1': ({ data }, tx) => holds.release(tx, runOf(data)),
        'training.run-cancelled.v1': ({ data }, tx) => holds.release(tx, runOf(data)),
      },
    });
  }
}

function runOf(data: { organization_id: string; run_id: string }) {
  return { organizationId: data.organization_id as OrganizationId, runId: data.run_id as RunId };
}
