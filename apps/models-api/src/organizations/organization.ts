import type { Entitlements as Agreed, Limits, OrganizationId, Plan } from '@attune/kernel';

/** What an organization may do now, as billing last said. Older news (a lower revision) is stale and ignored. */
export interface Entitlements extends Agreed {
  revision: number;
  /** The limits that differ from the plan's. */
  overrides: Partial<Limits>;
}

/** `entitlements` is null until billing has spoken for the first time; `plan` is what was asked for until then. */
export interface Organization {
  id: OrganizationId;
  name: string;
  plan: Plan;
  createdAt: Date;
  entitlements: Entitlements | null;
}

/** What may be agreed with an organization. What is not named stays; a null minimum and a limit that is not named are the plan's. */
export interface TermsChange {
  plan?: Plan;
  minimumTrainingMs?: number | null;
  /** Limits that differ from the plan's; takes the place of all that differed before. */
  limits?: Partial<Limits>;
}

export interface NewOrganization extends TermsChange {
  name: string;
  plan: Plan;
}

export interface OrganizationChange extends TermsChange {
  name?: string;
}
