import { parseStoreEnv, type StoreConfig } from '@attune/storage';
import { z } from 'zod';
import type { UploadLimits } from './data-items/upload';

const url = z.string().url();
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const SERVICE_ROLE = 'attune_models';

const databaseVariables = z.object({
  /** As the role `attune_models`. */
  DATABASE_URL: url,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

const serviceVariables = databaseVariables.extend({
  NATS_URL: url,
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535),
  /** Key of the hashes that stand for API keys: changing it makes every key invalid. */
  API_KEY_PEPPER: z.string().min(32, 'must have at least 32 characters'),
  STT_URL: url,
  /** What the stt service knows this one by. */
  STT_INTERNAL_TOKEN: z.string().min(16, 'must have at least 16 characters'),
  MAX_AUDIO_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(2 * GIB),
  MAX_TRANSCRIPT_BYTES: z.coerce.number().int().positive().default(MIB),
});

const bootstrapVariables = databaseVariables.extend({
  API_KEY_PEPPER: serviceVariables.shape.API_KEY_PEPPER,
  /** Where the first key is written to, readable by its owner alone. */
  BOOTSTRAP_KEY_FILE: z.string().startsWith('/', 'must be an absolute path'),
  /** Least training audio of the first organization; the plan's own when absent. */
  BOOTSTRAP_MINIMUM_TRAINING_MS: z.coerce.number().int().nonnegative().optional(),
});

const migrationVariables = databaseVariables.extend({
  /** As the database's owner. */
  DATABASE_OWNER_URL: url,
});

export interface Env {
  databaseUrl: string;
  natsUrl: string;
  store: StoreConfig;
  host: string;
  port: number;
  logLevel: string;
  apiKeyPepper: string;
  stt: { url: string; token: string };
  uploads: UploadLimits;
}

type Variables = Record<string, string | undefined>;

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readWithStore(serviceVariables, variables);
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    store,
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    apiKeyPepper: env.API_KEY_PEPPER,
    stt: { url: env.STT_URL, token: env.STT_INTERNAL_TOKEN },
    uploads: { audioBytes: env.MAX_AUDIO_BYTES, transcriptBytes: env.MAX_TRANSCRIPT_BYTES },
  });
}

export interface BootstrapEnv {
  databaseUrl: string;
  logLevel: string;
  apiKeyPepper: string;
  keyFile: string;
  minimumTrainingMs: number | null;
}

/** What the bootstrap command needs. Throws one error that names every problem. */
export function readBootstrapEnv(variables: Variables = process.env): Readonly<BootstrapEnv> {
  const env = parse(bootstrapVariables, variables);
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    logLevel: env.LOG_LEVEL,
    apiKeyPepper: env.API_KEY_PEPPER,
    keyFile: env.BOOTSTRAP_KEY_FILE,
    minimumTrainingMs: env.BOOTSTRAP_MINIMUM_TRAINING_MS ?? null,
  });
}

export interface RegisterBaseEnv {
  databaseUrl: string;
  logLevel: string;
  store: StoreConfig;
}

/** What the register-base command needs. Throws one error that names every problem. */
export function readRegisterBaseEnv(variables: Variables = process.env): Readonly<RegisterBaseEnv> {
  const { env, store } = readWithStore(databaseVariables, variables);
  return Object.freeze({ databaseUrl: env.DATABASE_URL, logLevel: env.LOG_LEVEL, store });
}

export interface MigrationEnv {
  ownerUrl: string;
  serviceRole: string;
  servicePassword: string;
}

/** What the migrations need: the role gets the password with which DATABASE_URL logs in. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnv> {
  const env = parse(migrationVariables, variables);
  const service = new URL(env.DATABASE_URL);
  const problems = [
    ...(service.username === SERVICE_ROLE ? [] : [`DATABASE_URL: must log in as ${SERVICE_ROLE}`]),
    ...(service.password === '' ? ['DATABASE_URL: must have a password'] : []),
  ];
  if (problems.length > 0) throw environmentError(problems);
  return Object.freeze({
    ownerUrl: env.DATABASE_OWNER_URL,
    serviceRole: SERVICE_ROLE,
    servicePassword: decodeURIComponent(service.password),
  });
}

function parse<S extends z.ZodTypeAny>(schema: S, variables: Variables): z.output<S> {
  const parsed = schema.safeParse(variables) as z.SafeParseReturnType<unknown, z.output<S>>;
  if (!parsed.success) throw environmentError(problemsOf(parsed.error));
  return parsed.data;
}

function readWithStore<S extends z.ZodTypeAny>(
  schema: S,
  variables: Variables,
): { env: z.output<S>; store: StoreConfig } {
  const parsed = schema.safeParse(variables) as z.SafeParseReturnType<unknown, z.output<S>>;
  const store = parseStoreEnv(variables);
  if (parsed.success && 'config' in store) return { env: parsed.data, store: store.config };
  throw environmentError([
    ...(parsed.success ? [] : problemsOf(parsed.error)),
    ...('problems' in store ? store.problems.map(({ name, message }) => `${name}: ${message}`) : []),
  ]);
}

function problemsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

function environmentError(problems: readonly string[]): Error {
  return new Error(`the environment is not right:\n  ${problems.join('\n  ')}`);
}
