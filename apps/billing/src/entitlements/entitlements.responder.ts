import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { fromRequestedTerms, toWireEntitlement } from './entitlement.convert';
import { EntitlementsService } from './entitlements.service';

/** Answers what other services ask about terms. */
@Injectable()
export class EntitlementsResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly entitlements: EntitlementsService,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('billing.agree-terms', async (terms) =>
      toWireEntitlement(
        await this.entitlements.agreeTerms(terms.organization_id as OrganizationId, fromRequestedTerms(terms)),
      ),
    );
  }
}
