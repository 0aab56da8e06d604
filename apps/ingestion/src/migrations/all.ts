import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { rowSecurity } from './0011-row-security';
import { erasedItems } from './0050-erased-items';

/** The history of the schema `ingestion`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  erasedItems,
  rowSecurity,
];
