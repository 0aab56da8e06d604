import type { Migration } from '@attune/database';

export const chargesByMonth: Migration = {
  name: '0032-charges-by-month',
  sql: `
CREATE INDEX charge_of_month ON charge (organization_id, occurred_at);
`,
};
