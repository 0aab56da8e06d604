import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';

/** The history of the schema `ingestion`, in order. */
export const migrations: readonly Migration[] = [init, { name: '0002-messaging', sql: messagingTables }];
