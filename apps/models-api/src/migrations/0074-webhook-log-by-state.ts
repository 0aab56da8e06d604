import type { Migration } from '@attune/database';

/** The log of a webhook's deliveries in one state: a page of the few that failed does not read the many that did not. */
export const webhookLogByState: Migration = {
  name: '0074-webhook-log-by-state',
  sql: `
CREATE INDEX webhook_delivery_log_by_state ON webhook_delivery (webhook_id, state, created_at DESC, id DESC);
`,
};
