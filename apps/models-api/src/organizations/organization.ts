import type { OrganizationId, Plan } from '@attune/kernel';

/** What an organization may do now, as billing last said. Older news (a lower revision) is stale and ignored. */
export interface Entitlements {
  plan: Plan;
  revision: number;
  mayTrain: boolean;
  /** Training audio that a run needs at least, in decoded milliseconds. */
  minimumTrainingMs: number;
}

/** `entitlements` is null until billing has spoken for the first time. */
export interface Organization {
  id: OrganizationId;
  name: string;
  entitlements: Entitlements | null;
}
