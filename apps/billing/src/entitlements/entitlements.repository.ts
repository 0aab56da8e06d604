import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { limitNames, toNamedOverrides, type OrganizationId } from '@attune/kernel';
import type { Agreement, AgreementChange, Entitlement } from './entitlement';
import { fromRowEntitlement, type EntitlementRow } from './entitlement.mapping';

const planLimits = Object.values(limitNames)
  .map((column) => `p.${column}`)
  .join(', ');

@Injectable()
export class EntitlementsRepository {
  /** Keeps the agreement unless the organization has one already; answers whether it did. */
  async insert(tx: Tx, agreement: Agreement): Promise<boolean> {
    const inserted = await tx.execute(
      `INSERT INTO entitlement (organization_id, plan, minimum_training_ms, limits) VALUES ($1, $2, $3, $4)
       ON CONFLICT (organization_id) DO NOTHING`,
      [
        agreement.organizationId,
        agreement.plan,
        agreement.minimumTrainingMs,
        JSON.stringify(toNamedOverrides(agreement.limits)),
      ],
    );
    return inserted > 0;
  }

  /** Changes what is named and counts the revision up; answers false when the organization has no agreement. */
  async change(tx: Tx, organizationId: OrganizationId, change: AgreementChange): Promise<boolean> {
    const { plan = null, minimumTrainingMs, limits } = change;
    const changed = await tx.execute(
      `UPDATE entitlement SET
         plan = coalesce($2, plan),
         minimum_training_ms = CASE WHEN $3 THEN $4::bigint ELSE minimum_training_ms END,
         limits = coalesce($5::jsonb, limits),
         revision = revision + 1
       WHERE organization_id = $1`,
      [
        organizationId,
        plan,
        minimumTrainingMs !== undefined,
        minimumTrainingMs ?? null,
        limits === undefined ? null : JSON.stringify(toNamedOverrides(limits)),
      ],
    );
    return changed > 0;
  }

  /** Throws when the organization has none. */
  async get(tx: Tx, organizationId: OrganizationId): Promise<Entitlement> {
    const [row] = await tx.query<EntitlementRow>(
      `SELECT e.organization_id, e.plan, e.revision, e.minimum_training_ms AS agreed_minimum_ms,
              e.limits AS agreed_limits, p.may_train, p.minimum_training_ms AS plan_minimum_ms, ${planLimits}
         FROM entitlement e JOIN plan p ON p.key = e.plan
        WHERE e.organization_id = $1`,
      [organizationId],
    );
    if (!row) throw new Error(`organization ${organizationId} has no entitlement`);
    return fromRowEntitlement(row);
  }
}
