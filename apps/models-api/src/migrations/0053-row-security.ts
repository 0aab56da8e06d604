import { tenantRowSecurity, type Migration } from '@attune/database';
import { messagingRowSecurity } from '@attune/messaging';

const tenantTables = [
  'api_key',
  'model',
  'data_item',
  'upload',
  'run',
  'version',
  'erasure_step',
  'data_item_count',
  'run_item',
  'data_erasure',
  'archive',
  'archive_member',
  'resumable_upload',
  'resumable_upload_part',
];

/** From here on a statement without a scope sees nothing, where it saw everything before. */
export const rowSecurity: Migration = {
  name: '0053-row-security',
  sql: `${tenantRowSecurity(tenantTables)}${tenantRowSecurity(['organization'], 'id')}${messagingRowSecurity}`,
};
