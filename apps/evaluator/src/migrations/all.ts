import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { itemsOfAllRuns } from './0050-items-of-all-runs';
import { rowSecurity } from './0051-row-security';

/** The history of the schema `evaluation`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  itemsOfAllRuns,
  rowSecurity,
];
