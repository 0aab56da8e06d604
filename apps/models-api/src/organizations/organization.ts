import type { Entitlements as Agreed, Limits, OrganizationId } from '@attune/kernel';

/** What an organization may do now, as billing last said. Older news (a lower revision) is stale and ignored. */
export interface Entitlements extends Agreed {
  revision: number;
  /** The limits that differ from the plan's. */
  overrides: Partial<Limits>;
}

/** `entitlements` is null until billing has spoken for the first time. */
export interface Organization {
  id: OrganizationId;
  name: string;
  entitlements: Entitlements | null;
}
