import { Injectable } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { LiveRunLimitsService } from './live-run-limits.service';

/** Keeps the trainer's own note of each organization's plan and of how many runs it may have at work at once. */
@Injectable()
export class EntitlementsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(limits: LiveRunLimitsService) {
    this.definition = defineConsumer({
      name: 'training-entitlements',
      handlers: {
        'billing.entitlements-changed.v2': ({ data }, tx) =>
          limits.apply(tx, data.organization_id as OrganizationId, {
            plan: data.plan,
            liveRuns: data.limits.live_runs,
            revision: data.revision,
          }),
      },
    });
  }
}
