import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const erasedItems: Migration = {
  name: '0050-erased-items',
  sql: `
-- Deleted pairs: one that was being decoded then must leave nothing behind.
CREATE TABLE erased_item (
  item_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX erased_item_of_model ON erased_item (organization_id, model_id);

${firstTenantRowSecurity(['erased_item'])}
`,
};
