import {
  readEnvironmentWithStore,
  readMigrationEnvironment,
  serviceShape,
  toServiceSettings,
  type MigrationEnvironment,
  type ServiceSettings,
  type Variables,
} from '@attune/service';

export type Env = ServiceSettings;

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(serviceShape(8084), variables);
  return Object.freeze(toServiceSettings(env, store));
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_evaluation', variables);
}
