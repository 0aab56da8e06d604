import type { ApiOrganization, createOrganizationBody, updateOrganizationBody } from '@attune/contracts';
import type { EventPayload, RequestOf } from '@attune/events';
import {
  fromNamedLimits,
  fromNamedOverrides,
  isUuid,
  toNamedLimits,
  toNamedOverrides,
  type OrganizationId,
} from '@attune/kernel';
import type { z } from 'zod';
import { toApiTime } from '../models/model.convert';
import type { Entitlements, NewOrganization, Organization, OrganizationChange, TermsChange } from './organization';

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

export function toRequestedTerms(id: OrganizationId, change: TermsChange): RequestOf<'billing.agree-terms'> {
  return {
    organization_id: id,
    ...(change.plan === undefined ? {} : { plan: change.plan }),
    ...(change.minimumTrainingMs === undefined ? {} : { minimum_training_ms: change.minimumTrainingMs }),
    ...(change.limits === undefined ? {} : { limits: toNamedOverrides(change.limits) }),
  };
}

export function toApiOrganization({ id, name, plan, createdAt, entitlements }: Organization): ApiOrganization {
  return {
    id,
    name,
    plan,
    may_train: entitlements?.mayTrain ?? false,
    minimum_training_seconds: entitlements ? entitlements.minimumTrainingMs / 1000 : null,
    limits: entitlements && toNamedLimits(entitlements.limits),
    limit_overrides: entitlements ? toNamedOverrides(entitlements.overrides) : {},
    created_at: toApiTime(createdAt),
  };
}

export function fromApiNewOrganization(body: z.infer<typeof createOrganizationBody>): NewOrganization {
  return { ...fromApiTerms(body), name: body.name, plan: body.plan };
}

export function fromApiOrganizationChange(body: z.infer<typeof updateOrganizationBody>): OrganizationChange {
  return { ...fromApiTerms(body), ...(body.name === undefined ? {} : { name: body.name }) };
}

/** The id in a path; null for what is none, which is a missing organization and never a bad request. */
export function fromApiOrganizationId(text: string): OrganizationId | null {
  return isUuid(text) ? (text as OrganizationId) : null;
}

function fromApiTerms(body: z.infer<typeof updateOrganizationBody>): TermsChange {
  const { plan, minimum_training_seconds: seconds, limits } = body;
  return {
    ...(plan === undefined ? {} : { plan }),
    ...(seconds === undefined ? {} : { minimumTrainingMs: seconds === null ? null : seconds * 1000 }),
    ...(limits === undefined ? {} : { limits: fromNamedOverrides(limits) }),
  };
}
