import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseStoreEnv, type StoreConfig } from '@attune/storage';
import type { LocalExecutorSettings } from './starts/local-executor';
import type { TrainerSettings } from './settings';

const count = (fallback: number, minimum = 0): z.ZodType<number, z.ZodTypeDef, unknown> =>
  z.coerce.number().int().min(minimum).default(fallback);

/** `{"whisper":["/path/to/engine-whisper"]}`: engine -> program and fixed arguments. */
const engines = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON: {"<engine>": ["<program>", "<argument>", ...]}' });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.array(z.string().min(1)).min(1)));

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: count(8083, 1),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  DATABASE_URL: z.string().url(),
  NATS_URL: z.string().url(),
  /** Where runners reach this listener, when not at HOST and PORT. */
  TRAINER_INTERNAL_URL: z.string().url().optional(),
  TRAINER_ENGINES: engines,
  TRAINER_WORK_DIRECTORY: z.string().startsWith('/'),
  TRAINER_CACHE_DIRECTORY: z.string().startsWith('/'),
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
});

export interface Env {
  host: string;
  port: number;
  logLevel: string;
  databaseUrl: string;
  natsUrl: string;
  store: StoreConfig;
  trainer: TrainerSettings;
  executor: LocalExecutorSettings;
  shutdownMs: number;
}

const migrationVariables = z.object({
  /** As the database's owner. */
  DATABASE_OWNER_URL: z.string().url(),
  /** As the service will connect: migrating gives its role this password. */
  DATABASE_URL: z.string().url(),
});

export interface MigrationEnv {
  ownerUrl: string;
  serviceRole: string;
  servicePassword: string;
}

/** Reads what the migrations need. Throws a ZodError that names every problem. */
export function readMigrationEnv(source: NodeJS.ProcessEnv = process.env): MigrationEnv {
  const env = migrationVariables.parse(source);
  const { username, password } = new URL(env.DATABASE_URL);
  return {
    ownerUrl: env.DATABASE_OWNER_URL,
    serviceRole: decodeURIComponent(username),
    servicePassword: decodeURIComponent(password),
  };
}

/** Reads the service's environment. Throws one Error that names every problem. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const parsed = variables.safeParse(source);
  const store = parseStoreEnv(source);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
    ...('problems' in store ? store.problems.map(({ name, message }) => `${name}: ${message}`) : []),
  ];
  if (!parsed.success || 'problems' in store)
    throw new Error(`trainer: the environment is not complete\n${problems.join('\n')}`);
  const env = parsed.data;
  return {
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    store: store.config,
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
  };
}
