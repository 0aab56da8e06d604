import {
  count,
  readEnvironment,
  readEnvironmentWithStore,
  readMigrationEnvironment,
  serviceShape,
  toServiceSettings,
  url,
  type MigrationEnvironment,
  type ServiceSettings,
  type Variables,
} from '@attune/service';
import type { BillingSettings } from './settings';

const variables = {
  ...serviceShape(8085),
  HOLD_SECONDS: count(900, 1),
  HOLD_CHECK_SECONDS: count(900, 1),
  STATEMENT_GRACE_HOURS: count(24),
  MAX_CHARGES_PER_DAY: count(1_000, 1),
};

export interface Env extends ServiceSettings {
  billing: BillingSettings;
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(given: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(variables, given);
  return Object.freeze({
    ...toServiceSettings(env, store),
    billing: {
      holdSeconds: env.HOLD_SECONDS,
      holdCheckSeconds: env.HOLD_CHECK_SECONDS,
      statementGraceHours: env.STATEMENT_GRACE_HOURS,
      maxChargesPerDay: env.MAX_CHARGES_PER_DAY,
    },
  });
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(given: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_billing', given);
}

/** Reads what the audit of the books needs. Throws one error that names every problem. */
export function readVerifyEnv(given: Variables = process.env): { databaseUrl: string } {
  return { databaseUrl: readEnvironment({ DATABASE_URL: url }, given).DATABASE_URL };
}
