import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  count,
  directory,
  enginePrograms,
  json,
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
import {
  acceleratorsSchema,
  poolsSchema,
  priorityClassesSchema,
  usualTimings,
  type KubernetesExecutorSettings,
} from './starts/kubernetes/settings';
import type { LocalExecutorSettings } from './starts/local-executor';
import type { TrainerSettings } from './settings';

const sharedVariables = {
  ...serviceShape(8083),
  /** Never 0: runners are told this port before the listener has one. */
  PORT: port.min(1).default(8083),
  /** Where runners run: as children of this process, or as Jobs of a cluster. */
  TRAINER_EXECUTOR: z.enum(['local', 'kubernetes']).default('local'),
  /** Where runners reach this listener, when not at HOST and PORT. */
  TRAINER_INTERNAL_URL: url.optional(),
  TRAINER_LEASE_MS: count(60_000, 1000),
  TRAINER_CLAIM_WITHIN_MS: count(60_000, 1000),
  TRAINER_RECONCILE_MS: count(15_000, 100),
  TRAINER_EVALUATION_REMINDER_MS: count(60_000, 100),
  TRAINER_MAX_FAILED_ATTEMPTS: count(3, 1),
  /** How long this process waits for its runners when it is told to end. */
  TRAINER_SHUTDOWN_MS: count(15_000),
};

const localVariables = {
  ...sharedVariables,
  TRAINER_ENGINES: enginePrograms,
  TRAINER_WORK_DIRECTORY: directory,
  TRAINER_CACHE_DIRECTORY: directory,
  /** Names this host among the trainers of one database. */
  TRAINER_HOST_NAME: z.string().min(1).default(hostname()),
  TRAINER_CONCURRENCY: count(1, 1),
  TRAINER_NICE: count(10),
  /** Threads of one engine; 0: as many as there are cores. */
  TRAINER_THREADS: count(0),
  /** From SIGTERM to SIGKILL of a runner that is no longer wanted. */
  TRAINER_STOP_GRACE_MS: count(30_000),
};

const kubernetesVariables = {
  ...sharedVariables,
  /** Where runners reach the trainers' Service. */
  TRAINER_INTERNAL_URL: url,
  TRAINER_KUBERNETES_NAMESPACE: z.string().min(1).default('attune-training'),
  TRAINER_KUBERNETES_BLUEPRINT: directory.default('/etc/attune/training/job.yaml'),
  TRAINER_RUNNER_IMAGE: z.string().min(1),
  /** In the order in which pools are filled: `[{"name": "gpu-spot", "spot": true, "slots": 8}, ...]`. */
  TRAINER_POOLS: json(poolsSchema),
  /** What names of the bases' catalogue mean, where they are no resource of NVIDIA's: `{"gpu-large": {"resource": "nvidia.com/gpu", "pools": ["gpu-80g"]}}`. */
  TRAINER_ACCELERATORS: json(acceleratorsSchema, { fallback: {} }),
  TRAINER_PRIORITY_CLASSES: json(priorityClassesSchema, {
    fallback: {
      gold: 'attune-train-gold',
      enterprise: 'attune-train-enterprise',
      protected: 'attune-train-protected',
    },
  }),
  /** A LocalQueue of the namespace, in clusters that share their machines by Kueue. */
  TRAINER_KUEUE_QUEUE: z.string().min(1).optional(),
  /** A run that lost its machine so often starts on a pool that is not spot. */
  TRAINER_SPOT_PREEMPTIONS: count(2),
  /** A run that lost its machine within this time loses it to no other run. */
  TRAINER_PROTECTED_MS: count(3_600_000),
  TRAINER_RUN_MAX_SECONDS: count(86_400, 60),
};

export type ExecutorEnv =
  { kind: 'local'; local: LocalExecutorSettings } | { kind: 'kubernetes'; kubernetes: KubernetesExecutorSettings };

export interface Env extends ServiceSettings {
  trainer: TrainerSettings;
  executor: ExecutorEnv;
  shutdownMs: number;
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_training', variables);
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  return variables.TRAINER_EXECUTOR === 'kubernetes' ? readKubernetesEnv(variables) : readLocalEnv(variables);
}

function readLocalEnv(variables: Variables): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(localVariables, variables);
  const local: LocalExecutorSettings = {
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
  };
  return Object.freeze({
    ...toServiceSettings(env, store),
    ...toShared(env),
    executor: { kind: 'local' as const, local },
  });
}

function readKubernetesEnv(variables: Variables): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(kubernetesVariables, variables);
  const kubernetes: KubernetesExecutorSettings = {
    namespace: env.TRAINER_KUBERNETES_NAMESPACE,
    blueprintFile: env.TRAINER_KUBERNETES_BLUEPRINT,
    runnerImage: env.TRAINER_RUNNER_IMAGE,
    kueueQueue: env.TRAINER_KUEUE_QUEUE ?? null,
    trainerUrl: env.TRAINER_INTERNAL_URL,
    maxSeconds: env.TRAINER_RUN_MAX_SECONDS,
    sharing: {
      pools: env.TRAINER_POOLS,
      accelerators: env.TRAINER_ACCELERATORS,
      priorityClasses: env.TRAINER_PRIORITY_CLASSES,
      spotPreemptions: env.TRAINER_SPOT_PREEMPTIONS,
      protectedForMs: env.TRAINER_PROTECTED_MS,
    },
    timings: usualTimings,
  };
  const executor = { kind: 'kubernetes' as const, kubernetes };
  return Object.freeze({ ...toServiceSettings(env, store), ...toShared(env), executor });
}

function toShared(env: z.infer<z.ZodObject<typeof sharedVariables>>): Pick<Env, 'trainer' | 'shutdownMs'> {
  return {
    trainer: {
      leaseMs: env.TRAINER_LEASE_MS,
      claimWithinMs: env.TRAINER_CLAIM_WITHIN_MS,
      reconcileEveryMs: env.TRAINER_RECONCILE_MS,
      evaluationReminderMs: env.TRAINER_EVALUATION_REMINDER_MS,
      maxFailedAttempts: env.TRAINER_MAX_FAILED_ATTEMPTS,
    },
    shutdownMs: env.TRAINER_SHUTDOWN_MS,
  };
}
