import type { Migration } from '@attune/database';

export const pastRuns: Migration = {
  name: '0062-past-runs',
  sql: `
-- The newest succeeded runs of the platform: what estimates of time are made from.
CREATE INDEX run_succeeded ON run (finished_at DESC) WHERE state = 'succeeded';
`,
};
