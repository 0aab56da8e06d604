import { availableParallelism } from 'node:os';
import { parseStoreEnv, type StoreConfig } from '@attune/storage';
import { z } from 'zod';

const url = z.string().url();
const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info');

const serviceVariables = z.object({
  /** As the role `attune_ingestion`. */
  DATABASE_URL: url,
  NATS_URL: url,
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8082),
  LOG_LEVEL: logLevel,
  /** Absolute, this process's alone, and emptied at its start: uploads lie here while they are decoded. */
  WORK_DIRECTORY: z.string().startsWith('/'),
  /** Uploads that are decoded at once; each takes one core. */
  CONCURRENCY: z.coerce.number().int().min(1).default(availableParallelism()),
  /** As models-api limits it; what is larger never gets here. */
  MAX_AUDIO_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(2 * 1024 ** 3),
  MAX_AUDIO_HOURS: z.coerce.number().positive().max(24).default(12),
});

const migrationVariables = z.object({
  /** As the database's owner. */
  DATABASE_OWNER_URL: url,
  /** As the service will log in: the migrations make its role, with this password. */
  DATABASE_URL: url,
});

const SERVICE_ROLE = 'attune_ingestion';

export interface Env {
  databaseUrl: string;
  natsUrl: string;
  store: StoreConfig;
  host: string;
  port: number;
  logLevel: string;
  work: WorkSettings;
}

/** How much one process takes on. Disk: `concurrency` times the largest upload and its decoded audio (115 MB an hour at most). */
export interface WorkSettings {
  directory: string;
  concurrency: number;
  maxAudioBytes: number;
  maxAudioMs: number;
}

type Variables = Record<string, string | undefined>;

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const parsed = serviceVariables.safeParse(variables);
  const store = parseStoreEnv(variables);
  if (!parsed.success || 'problems' in store) {
    throw environmentError([
      ...(parsed.success ? [] : problemsOf(parsed.error)),
      ...('problems' in store ? store.problems.map(({ name, message }) => `${name}: ${message}`) : []),
    ]);
  }
  const env = parsed.data;
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    store: store.config,
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    work: {
      directory: env.WORK_DIRECTORY,
      concurrency: env.CONCURRENCY,
      maxAudioBytes: env.MAX_AUDIO_BYTES,
      maxAudioMs: env.MAX_AUDIO_HOURS * 3_600_000,
    },
  });
}

export interface MigrationEnv {
  ownerUrl: string;
  serviceRole: string;
  servicePassword: string;
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnv> {
  const parsed = migrationVariables.safeParse(variables);
  if (!parsed.success) throw environmentError(problemsOf(parsed.error));
  const { username, password } = new URL(parsed.data.DATABASE_URL);
  const problems = [
    ...(username === SERVICE_ROLE ? [] : [`DATABASE_URL: must log in as ${SERVICE_ROLE}`]),
    ...(password === '' ? ['DATABASE_URL: must have a password'] : []),
  ];
  if (problems.length > 0) throw environmentError(problems);
  return Object.freeze({
    ownerUrl: parsed.data.DATABASE_OWNER_URL,
    serviceRole: SERVICE_ROLE,
    servicePassword: decodeURIComponent(password),
  });
}

function problemsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

function environmentError(problems: readonly string[]): Error {
  return new Error(`the environment is not right:\n  ${problems.join('\n  ')}`);
}
