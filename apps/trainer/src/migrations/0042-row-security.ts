import { tenantRowSecurity, type Migration } from '@attune/database';
import { messagingRowSecurity } from '@attune/messaging';

const tenantTables = [
  'training_run',
  'run_transition',
  'run_checkpoint',
  'run_artifact',
  'erased_model',
  'organization',
  'early_cancellation',
  'model_feed',
  'run_event',
];

/** From here on a statement without a scope sees nothing, where it saw everything before. */
export const rowSecurity: Migration = {
  name: '0042-row-security',
  sql: `${tenantRowSecurity(tenantTables)}${messagingRowSecurity}`,
};
