import { Injectable } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { defineConsumer, type EventConsumer } from '@attune/messaging';
import { OrganizationsService } from './organizations.service';

/** Keeps the projection of what billing says an organization may do. */
@Injectable()
export class OrganizationsConsumer implements EventConsumer {
  constructor(private readonly organizations: OrganizationsService) {}

  readonly definition = defineConsumer({
    name: 'models-entitlements',
    handlers: {
      'billing.entitlements-changed.v1': ({ data }, tx) =>
        this.organizations.applyEntitlements(tx, data.organization_id as OrganizationId, {
          plan: data.plan,
          revision: data.revision,
          mayTrain: data.may_train,
          minimumTrainingMs: data.minimum_training_ms,
        }),
    },
  });
}
