import type { Migration } from '@attune/database';

export const erasureBackoff: Migration = {
  name: '0075-erasure-backoff',
  sql: `
-- How often the service was asked again: it is waited for twice as long each time.
ALTER TABLE erasure_step ADD COLUMN asked_again integer NOT NULL DEFAULT 0;
`,
};
