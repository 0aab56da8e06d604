/** What an operator may set about money. */
export interface BillingSettings {
  /** How long a hold waits for its run to start before models-api is asked about it. */
  holdSeconds: number;
  /** How often models-api is asked about a run that is known and that nobody speaks of. */
  holdCheckSeconds: number;
  /** After the end of a month, how long usage of it is waited for before statements become final. */
  statementGraceHours: number;
  /** More charges of one organization in a day are no bill but a mistake. */
  maxChargesPerDay: number;
}

export const BILLING_SETTINGS = Symbol('billing settings');
