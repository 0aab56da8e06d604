import type { OrganizationId } from '@attune/kernel';
import type { Entitlements, TermsChange } from './organization';

/** Billing, which owns plans and what is agreed with each organization. */
export abstract class Terms {
  /** Agrees terms, for a new organization with a plan, and answers what holds from now on. Throws SERVICE_UNAVAILABLE. */
  abstract agree(id: OrganizationId, change: TermsChange): Promise<Entitlements>;
}
