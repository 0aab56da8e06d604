import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  count,
  directory,
  enginePrograms,
  port,
  readEnvironmentWithStore,
  readMigrationEnvironment,
  serviceShape,
  toServiceSettings,
  url,
  type MigrationEnvironment,
  type ServiceSettings,
  type Variables,
} from '@attune/service';
import type { LocalExecutorSettings } from './starts/local-executor';
import type { TrainerSettings } from './settings';

const serviceVariables = {
  ...serviceShape(8083),
  /** Never 0: runners are told this port before the listener has one. */
  PORT: port.min(1).default(8083),
  /** Where runners reach this listener, when not at HOST and PORT. */
  TRAINER_INTERNAL_URL: url.optional(),
  TRAINER_ENGINES: enginePrograms,
  TRAINER_WORK_DIRECTORY: directory,
  TRAINER_CACHE_DIRECTORY: directory,
  /** Names this host among the trainers of one database. */
  TRAINER_HOST_NAME: z.string().min(1).default(hostname()),
  TRAINER_CONCURRENCY: count(1, 1),
  TRAINER_NICE: count(10),
  /** Threads of one engine; 0: as many as there are cores. */
  TRAINER_THREADS: count(0),
  TRAINER_LEASE_MS: count(60_000, 1000),
  TRAINER_CLAIM_WITHIN_MS: count(60_000, 1000),
  TRAINER_RECONCILE_MS: count(15_000, 100),
  TRAINER_EVALUATION_REMINDER_MS: count(60_000, 100),
  TRAINER_MAX_FAILED_ATTEMPTS: count(3, 1),
  /** From SIGTERM to SIGKILL of a runner that is no longer wanted. */
  TRAINER_STOP_GRACE_MS: count(30_000),
  /** How long this process waits for its runners when it is told to end. */
  TRAINER_SHUTDOWN_MS: count(15_000),
};

export interface Env extends ServiceSettings {
  trainer: TrainerSettings;
  executor: LocalExecutorSettings;
  shutdownMs: number;
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_training', variables);
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(serviceVariables, variables);
  return Object.freeze({
    ...toServiceSettings(env, store),
    trainer: {
      leaseMs: env.TRAINER_LEASE_MS,
      claimWithinMs: env.TRAINER_CLAIM_WITHIN_MS,
      reconcileEveryMs: env.TRAINER_RECONCILE_MS,
      evaluationReminderMs: env.TRAINER_EVALUATION_REMINDER_MS,
      maxFailedAttempts: env.TRAINER_MAX_FAILED_ATTEMPTS,
    },
    executor: {
      host: env.TRAINER_HOST_NAME,
      permits: env.TRAINER_CONCURRENCY,
      runnerCommand: [process.execPath, join(__dirname, 'runner.js')],
      runnerEnvironment: {
        TRAINER_URL: env.TRAINER_INTERNAL_URL ?? `http://${env.HOST}:${String(env.PORT)}`,
        ENGINES: JSON.stringify(env.TRAINER_ENGINES),
        CACHE_DIRECTORY: env.TRAINER_CACHE_DIRECTORY,
        THREADS: String(env.TRAINER_THREADS),
        LOG_LEVEL: env.LOG_LEVEL,
      },
      // A folder of its own: it is emptied at start.
      workDirectory: join(env.TRAINER_WORK_DIRECTORY, 'runs'),
      nice: env.TRAINER_NICE,
      stopGraceMs: env.TRAINER_STOP_GRACE_MS,
    },
    shutdownMs: env.TRAINER_SHUTDOWN_MS,
  });
}
