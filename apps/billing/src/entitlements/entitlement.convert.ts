import type { EventPayload, ReplyOf, RequestOf } from '@attune/events';
import { fromNamedOverrides, toNamedLimits, toNamedOverrides, type OrganizationId } from '@attune/kernel';
import type { Agreement, AgreementChange, Entitlement } from './entitlement';

export function fromEventOrganization(data: EventPayload<'models.organization-created.v2'>): Agreement {
  return {
    organizationId: data.organization_id as OrganizationId,
    plan: data.plan,
    minimumTrainingMs: data.minimum_training_ms,
    limits: fromNamedOverrides(data.limits),
  };
}

export function fromRequestedTerms(terms: RequestOf<'billing.agree-terms'>): AgreementChange {
  return {
    ...(terms.plan === undefined ? {} : { plan: terms.plan }),
    ...(terms.minimum_training_ms === undefined ? {} : { minimumTrainingMs: terms.minimum_training_ms }),
    ...(terms.limits === undefined ? {} : { limits: fromNamedOverrides(terms.limits) }),
  };
}

/** As events and replies have it. */
export function toWireEntitlement(entitlement: Entitlement): ReplyOf<'billing.agree-terms'> {
  return {
    organization_id: entitlement.organizationId,
    plan: entitlement.plan,
    revision: entitlement.revision,
    may_train: entitlement.mayTrain,
    minimum_training_ms: entitlement.minimumTrainingMs,
    limits: toNamedLimits(entitlement.limits),
    limit_overrides: toNamedOverrides(entitlement.overrides),
  };
}
