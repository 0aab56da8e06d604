import { tenantRowSecurity, type Migration } from '@attune/database';
import { messagingRowSecurity } from '@attune/messaging';

const tenantTables = ['evaluation', 'evaluation_item', 'erased_model'];

/** From here on a statement without a scope sees nothing, where it saw everything before. */
export const rowSecurity: Migration = {
  name: '0051-row-security',
  sql: `${tenantRowSecurity(tenantTables)}${messagingRowSecurity}`,
};
