import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import type { Agreement, AgreementChange, Entitlement } from './entitlement';
import { toWireEntitlement } from './entitlement.convert';
import { noAgreement } from './entitlement.errors';
import { EntitlementsRepository } from './entitlements.repository';

/** What each organization may do: agreed here, and told to whoever enforces it. */
@Injectable()
export class EntitlementsService {
  constructor(
    private readonly database: Database,
    private readonly entitlements: EntitlementsRepository,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Gives a new organization what its plan allows, and says so. Asked again for an organization that has its entitlement, it
   * changes nothing and says it again, as a new event: whoever asks has lost the first answer.
   */
  async entitleOrganization(tx: Tx, agreement: Agreement): Promise<void> {
    await this.entitlements.insert(tx, agreement);
    await this.tell(tx, agreement.organizationId);
  }

  /**
   * Agrees new terms and answers what holds from now on. An organization that is not known yet gets its first agreement, for
   * which a plan is needed. Throws NOT_FOUND when it is neither known nor given a plan.
   */
  agreeTerms(organizationId: OrganizationId, change: AgreementChange): Promise<Entitlement> {
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.entitlements.change(tx, organizationId, change))) {
        const { plan, minimumTrainingMs = null, limits = {} } = change;
        if (plan === undefined) throw noAgreement();
        const isFirst = await this.entitlements.insert(tx, { organizationId, plan, minimumTrainingMs, limits });
        // Somebody else was first, a moment ago: this is a change after all.
        if (!isFirst) await this.entitlements.change(tx, organizationId, change);
      }
      return this.tell(tx, organizationId);
    });
  }

  private async tell(tx: Tx, organizationId: OrganizationId): Promise<Entitlement> {
    const entitlement = await this.entitlements.get(tx, organizationId);
    await this.outbox.add(tx, 'billing.entitlements-changed.v2', toWireEntitlement(entitlement), {
      aggregateId: organizationId,
      organizationId,
    });
    return entitlement;
  }
}
