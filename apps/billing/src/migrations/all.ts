import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { limits } from './0010-limits';
import { rowSecurity } from './0011-row-security';
import { money } from './0030-money';
import { usageBeforePrices } from './0031-usage-before-prices';
import { chargesByMonth } from './0032-charges-by-month';

/** The history of the schema `billing`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  limits,
  rowSecurity,
  money,
  usageBeforePrices,
  chargesByMonth,
];
