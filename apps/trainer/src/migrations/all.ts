import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { training } from './0001-training';
import { retelling } from './0003-retelling';
import { runControl } from './0040-run-control';
import { eventFeed } from './0041-event-feed';
import { rowSecurity } from './0042-row-security';
import { sharedMachines } from './0043-shared-machines';

/** The history of the schema `training`, in order. */
export const migrations: readonly Migration[] = [
  training,
  { name: '0002-messaging', sql: messagingTables },
  retelling,
  runControl,
  eventFeed,
  rowSecurity,
  sharedMachines,
];
