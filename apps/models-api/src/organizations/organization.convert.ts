import type { EventPayload } from '@attune/events';
import { fromNamedLimits, fromNamedOverrides } from '@attune/kernel';
import type { Entitlements } from './organization';

/** Billing's word, as an event or as the reply to a request. */
export function fromEventEntitlements(data: EventPayload<'billing.entitlements-changed.v2'>): Entitlements {
  return {
    plan: data.plan,
    revision: data.revision,
    mayTrain: data.may_train,
    minimumTrainingMs: data.minimum_training_ms,
    limits: fromNamedLimits(data.limits),
    overrides: fromNamedOverrides(data.limit_overrides),
  };
}
