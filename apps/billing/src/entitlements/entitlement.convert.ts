import type { EventPayload } from '@attune/events';
import type { OrganizationId } from '@attune/kernel';
import type { Agreement, Entitlement } from './entitlement';

export function fromEventOrganization(data: EventPayload<'models.organization-created.v1'>): Agreement {
  return {
    organizationId: data.organization_id as OrganizationId,
    plan: data.plan,
    minimumTrainingMs: data.minimum_training_ms,
  };
}

export function toEventEntitlement(entitlement: Entitlement): EventPayload<'billing.entitlements-changed.v1'> {
  return {
    organization_id: entitlement.organizationId,
    plan: entitlement.plan,
    revision: entitlement.revision,
    may_train: entitlement.mayTrain,
    minimum_training_ms: entitlement.minimumTrainingMs,
  };
}
