import { availableParallelism } from 'node:os';
import {
  count,
  directory,
  readEnvironmentWithStore,
  readMigrationEnvironment,
  serviceShape,
  toServiceSettings,
  type MigrationEnvironment,
  type ServiceSettings,
  type Variables,
} from '@attune/service';
import { z } from 'zod';

const serviceVariables = {
  ...serviceShape(8082),
  /** Absolute, this process's alone, and emptied at its start: uploads lie here while they are decoded. */
  WORK_DIRECTORY: directory,
  /** Uploads that are decoded at once; each takes one core. */
  CONCURRENCY: count(availableParallelism(), 1),
  /** As models-api limits it; what is larger never gets here. */
  MAX_AUDIO_BYTES: count(2 * 1024 ** 3, 1),
  MAX_AUDIO_HOURS: z.coerce.number().positive().max(24).default(12),
};

export interface Env extends ServiceSettings {
  work: WorkSettings;
}

/** How much one process takes on. Disk: `concurrency` times the largest upload and its decoded audio (115 MB an hour at most). */
export interface WorkSettings {
  directory: string;
  concurrency: number;
  maxAudioBytes: number;
  maxAudioMs: number;
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(serviceVariables, variables);
  return Object.freeze({
    ...toServiceSettings(env, store),
    work: {
      directory: env.WORK_DIRECTORY,
      concurrency: env.CONCURRENCY,
      maxAudioBytes: env.MAX_AUDIO_BYTES,
      maxAudioMs: env.MAX_AUDIO_HOURS * 3_600_000,
    },
  });
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_ingestion', variables);
}
