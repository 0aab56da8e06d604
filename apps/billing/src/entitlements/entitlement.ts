import type { OrganizationId, Plan } from '@attune/kernel';

/** What a plan allows. */
export interface PlanTerms {
  plan: Plan;
  mayTrain: boolean;
  /** Training audio that a run needs at least. */
  minimumTrainingMs: number;
}

/** What is agreed with an organization: its plan, and what differs from the plan (null: nothing does). */
export interface Agreement {
  organizationId: OrganizationId;
  plan: Plan;
  minimumTrainingMs: number | null;
}

/** What an organization may do now. An entitlement with a lower `revision` is old news. */
export interface Entitlement extends PlanTerms {
  organizationId: OrganizationId;
  revision: number;
}

/** The plan's terms, with what was agreed otherwise. */
export function entitle(agreement: Agreement, terms: PlanTerms, revision: number): Entitlement {
  return {
    organizationId: agreement.organizationId,
    plan: terms.plan,
    revision,
    mayTrain: terms.mayTrain,
    minimumTrainingMs: agreement.minimumTrainingMs ?? terms.minimumTrainingMs,
  };
}
