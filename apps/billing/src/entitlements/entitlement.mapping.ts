import { fromNamedLimits, fromNamedOverrides, type NamedLimits, type OrganizationId, type Plan } from '@attune/kernel';
import { entitle, type Entitlement } from './entitlement';

/** An entitlement joined with its plan, whose limits are columns. */
export interface EntitlementRow extends NamedLimits {
  organization_id: string;
  plan: Plan;
  revision: number;
  agreed_minimum_ms: number | null;
  agreed_limits: Partial<NamedLimits>;
  may_train: boolean;
  plan_minimum_ms: number;
}

export function fromRowEntitlement(row: EntitlementRow): Entitlement {
  return entitle(
    {
      organizationId: row.organization_id as OrganizationId,
      plan: row.plan,
      minimumTrainingMs: row.agreed_minimum_ms,
      limits: fromNamedOverrides(row.agreed_limits),
    },
    {
      plan: row.plan,
      mayTrain: row.may_train,
      minimumTrainingMs: row.plan_minimum_ms,
      limits: fromNamedLimits(row),
    },
    row.revision,
  );
}
