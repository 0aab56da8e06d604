import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { erasedItems } from './0050-erased-items';
import { rowSecurity } from './0051-row-security';

/** The history of the schema `ingestion`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  erasedItems,
  rowSecurity,
];
