import type { OrganizationId } from '@attune/kernel';

/**
 * `usage_conflict`: a run that is recorded was announced again with other content; the first stays.
 * `released_hold_charged`: a run succeeded that billing had been told was over.
 * `impossible_bill`: a statement was not made, since what would stand on it cannot be true.
 */
export type AlertKind = 'usage_conflict' | 'released_hold_charged' | 'impossible_bill';

export interface Alert {
  kind: AlertKind;
  /** Of one kind and subject there is one alert. */
  subject: string;
  organizationId: OrganizationId;
  details: Record<string, unknown>;
}
