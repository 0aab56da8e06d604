import { Injectable } from '@nestjs/common';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { fromEventOrganization } from './entitlement.convert';
import { EntitlementsService } from './entitlements.service';

@Injectable()
export class EntitlementsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(entitlements: EntitlementsService) {
    this.definition = defineConsumer({
      name: 'billing-entitlements',
      handlers: {
        'models.organization-created.v2': ({ data }, tx) =>
          entitlements.entitleOrganization(tx, fromEventOrganization(data)),
      },
    });
  }
}
