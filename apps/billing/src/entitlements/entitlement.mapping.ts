import type { OrganizationId, Plan } from '@attune/kernel';
import { entitle, type Entitlement } from './entitlement';

/** An entitlement joined with its plan. */
export interface EntitlementRow {
  organization_id: string;
  plan: Plan;
  revision: number;
  agreed_minimum_ms: number | null;
  may_train: boolean;
  plan_minimum_ms: number;
}

export function fromRowEntitlement(row: EntitlementRow): Entitlement {
  const organizationId = row.organization_id as OrganizationId;
  return entitle(
    { organizationId, plan: row.plan, minimumTrainingMs: row.agreed_minimum_ms },
    { plan: row.plan, mayTrain: row.may_train, minimumTrainingMs: row.plan_minimum_ms },
    row.revision,
  );
}
