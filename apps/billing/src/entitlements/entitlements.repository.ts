import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import type { Agreement, Entitlement } from './entitlement';
import { fromRowEntitlement, type EntitlementRow } from './entitlement.mapping';

@Injectable()
export class EntitlementsRepository {
  /** Keeps the agreement unless the organization has one already. */
  async insert(tx: Tx, agreement: Agreement): Promise<void> {
    await tx.execute(
      `INSERT INTO entitlement (organization_id, plan, minimum_training_ms) VALUES ($1, $2, $3)
       ON CONFLICT (organization_id) DO NOTHING`,
      [agreement.organizationId, agreement.plan, agreement.minimumTrainingMs],
    );
  }

  /** Throws when the organization has none. */
  async get(tx: Tx, organizationId: OrganizationId): Promise<Entitlement> {
    const [row] = await tx.query<EntitlementRow>(
      `SELECT e.organization_id, e.plan, e.revision, e.minimum_training_ms AS agreed_minimum_ms,
              p.may_train, p.minimum_training_ms AS plan_minimum_ms
         FROM entitlement e JOIN plan p ON p.key = e.plan
        WHERE e.organization_id = $1`,
      [organizationId],
    );
    if (!row) throw new Error(`organization ${organizationId} has no entitlement`);
    return fromRowEntitlement(row);
  }
}
