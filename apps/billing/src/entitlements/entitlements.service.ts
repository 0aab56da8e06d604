import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { Outbox } from '@attune/messaging';
import type { Agreement } from './entitlement';
import { toEventEntitlement } from './entitlement.convert';
import { EntitlementsRepository } from './entitlements.repository';

@Injectable()
export class EntitlementsService {
  constructor(
    private readonly entitlements: EntitlementsRepository,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Gives a new organization what its plan allows, and says so. Asked again for an organization that has its entitlement, it
   * changes nothing and says it again, as a new event: whoever asks has lost the first answer.
   */
  async entitleOrganization(tx: Tx, agreement: Agreement): Promise<void> {
    await this.entitlements.insert(tx, agreement);
    const entitlement = await this.entitlements.get(tx, agreement.organizationId);
    await this.outbox.add(tx, 'billing.entitlements-changed.v1', toEventEntitlement(entitlement), {
      aggregateId: agreement.organizationId,
      organizationId: agreement.organizationId,
    });
  }
}
