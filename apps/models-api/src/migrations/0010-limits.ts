import type { Migration } from '@attune/database';

export const limits: Migration = {
  name: '0010-limits',
  sql: `
-- Of billing.entitlements-changed.v2, by the names it has there: what holds, and what of it differs from the plan.
ALTER TABLE organization
  ADD COLUMN limits jsonb,
  ADD COLUMN limit_overrides jsonb NOT NULL DEFAULT '{}';
-- What arrived before had no limits: billing is asked again.
UPDATE organization SET entitlements_revision = 0;
ALTER TABLE organization ADD CHECK (entitlements_revision = 0 OR limits IS NOT NULL);
`,
};
