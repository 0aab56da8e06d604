import { tenantRowSecurity, type Migration } from '@attune/database';

export const hourlyLimits: Migration = {
  name: '0071-hourly-limits',
  sql: `
-- One row for each action that an hourly limit counts. subject is what the action made: by it the row is given back when
-- that is refused after all. Rows older than two hours are of no use; the next action of the kind removes them.
CREATE TABLE rate_log (
  organization_id uuid NOT NULL,
  policy text NOT NULL,
  subject text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, policy, subject)
);
CREATE INDEX rate_log_newest ON rate_log (organization_id, policy, at DESC);

CREATE INDEX run_unfinished ON run (organization_id) WHERE finished_at IS NULL;
${tenantRowSecurity(['rate_log'])}
`,
};
