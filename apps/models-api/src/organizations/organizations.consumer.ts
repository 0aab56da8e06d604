import { Injectable } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { defineConsumer, type EventConsumer } from '@attune/messaging';
import { fromEventEntitlements } from './organization.convert';
import { OrganizationsService } from './organizations.service';

/** Keeps the projection of what billing says an organization may do. */
@Injectable()
export class OrganizationsConsumer implements EventConsumer {
  constructor(private readonly organizations: OrganizationsService) {}

  readonly definition = defineConsumer({
    name: 'models-entitlements',
    handlers: {
      'billing.entitlements-changed.v2': ({ data }, tx) =>
        this.organizations.applyEntitlements(tx, data.organization_id as OrganizationId, fromEventEntitlements(data)),
    },
  });
}
