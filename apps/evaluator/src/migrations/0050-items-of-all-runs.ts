import type { Migration } from '@attune/database';

export const itemsOfAllRuns: Migration = {
  name: '0050-items-of-all-runs',
  sql: `
-- A deleted pair is looked for in every run.
CREATE INDEX evaluation_item_of_item ON evaluation_item (item_id);
`,
};
