import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const runControl: Migration = {
  name: '0040-run-control',
  sql: `
-- Who waits in the queue, and what they may have at work at once; revision 0: billing has not said yet.
CREATE TABLE organization (
  organization_id uuid PRIMARY KEY,
  revision integer NOT NULL DEFAULT 0,
  live_runs integer,
  last_started_at timestamptz
);
COMMENT ON COLUMN organization.live_runs IS 'null: unlimited';
COMMENT ON COLUMN organization.last_started_at IS 'its last turn in the queue';

-- Cancellations that overtook their run's request: it is cancelled as soon as it comes.
CREATE TABLE early_cancellation (
  run_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now()
);
${firstTenantRowSecurity(['organization', 'early_cancellation'])}
`,
};
