import { limitsOf, type Entitlements, type Limits, type OrganizationId, type Plan } from '@attune/kernel';

/** What is agreed with an organization: its plan, and what differs from the plan (null minimum, no limit: nothing does). */
export interface Agreement {
  organizationId: OrganizationId;
  plan: Plan;
  minimumTrainingMs: number | null;
  limits: Partial<Limits>;
}

/** What is to be agreed anew: what is not named stays. `limits` takes the place of all that differed before. */
export type AgreementChange = Partial<Omit<Agreement, 'organizationId'>>;

/** What an organization may do now. An entitlement with a lower `revision` is old news. */
export interface Entitlement extends Entitlements {
  organizationId: OrganizationId;
  revision: number;
  /** The limits that differ from the plan's. */
  overrides: Partial<Limits>;
}

/** The plan's terms, with what was agreed otherwise. */
export function entitle(agreement: Agreement, terms: Entitlements, revision: number): Entitlement {
  const { organizationId, limits: overrides } = agreement;
  return {
    organizationId,
    plan: terms.plan,
    revision,
    mayTrain: terms.mayTrain,
    minimumTrainingMs: agreement.minimumTrainingMs ?? terms.minimumTrainingMs,
    limits: limitsOf((key) => {
      const agreed = overrides[key];
      return agreed === undefined ? terms.limits[key] : agreed;
    }),
    overrides,
  };
}
