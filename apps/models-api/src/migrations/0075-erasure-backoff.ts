import type { Migration } from '@attune/database';

export const erasureBackoff: Migration = {
  name: '0075-erasure-backoff',
  sql: `
-- How often the service was asked again: it is waited for twice as long each time.
ALTER TABLE erasure_step ADD COLUMN asked_again integer NOT NULL DEFAULT 0;
-- A pass goes through all that are unfinished, whatever was finished before.
CREATE INDEX erasure_own_unfinished ON erasure_step (model_id) WHERE service = 'models' AND done_at IS NULL;
DROP INDEX erasure_unfinished;
`,
};
