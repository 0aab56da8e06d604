import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { limits } from './0010-limits';
import { runControl } from './0040-run-control';

/** The history of the schema `models`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  limits,
  runControl,
];
