import type { MetricsListenerSettings } from '@attune/http';
import {
  count,
  logLevel,
  port,
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
import type { StoreConfig } from '@attune/storage';
import { z } from 'zod';
import type { ArchiveLimits } from './archives/archive';
import type { UploadLimits } from './data-items/upload';
import type { WebhookSettings } from './webhooks/webhook-settings';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

const serviceVariables = {
  ...serviceShape(8080),
  /** Never by default: it is the one that clients are told. */
  PORT: port,
  /** Metrics and health for the operators' network, on a listener of their own: never the public one. Absent: nowhere. */
  METRICS_PORT: port.optional(),
  /** Key of the hashes that stand for API keys: changing it makes every key invalid. */
  API_KEY_PEPPER: z.string().min(32, 'must have at least 32 characters'),
  /** What opens the operators' routes (/admin/v1); without it there are none. */
  ADMIN_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  /** What secrets in the database are encrypted with: changing it makes them unreadable. */
  SECRETS_KEY: z.string().min(32, 'must have at least 32 characters'),
  STT_URL: url,
  /** What the stt service knows this one by. */
  STT_INTERNAL_TOKEN: z.string().min(16, 'must have at least 16 characters'),
  /** Lets webhooks go to HTTP addresses and private networks: never where strangers are customers. */
  WEBHOOKS_ALLOW_PRIVATE: z.enum(['true', 'false']).default('false'),
  /** Name servers to ask for webhooks' hosts, `address` or `address:port`, separated by commas; the system's when absent. */
  WEBHOOKS_DNS_SERVERS: z.string().default(''),
  MAX_AUDIO_BYTES: count(2 * GIB, 1),
  MAX_TRANSCRIPT_BYTES: count(MIB, 1),
  MAX_ARCHIVE_BYTES: count(8 * GIB, 1),
  MAX_ARCHIVE_MEMBERS: count(100_000, 1),
  MAX_ARCHIVE_UNPACKED_BYTES: count(32 * GIB, 1),
};

/** Of commands. */
const databaseVariables = { DATABASE_URL: url, LOG_LEVEL: logLevel };

const bootstrapVariables = {
  ...databaseVariables,
  API_KEY_PEPPER: serviceVariables.API_KEY_PEPPER,
  /** Where the first key is written to, readable by its owner alone. */
  BOOTSTRAP_KEY_FILE: z.string().startsWith('/', 'must be an absolute path'),
  /** Least training audio of the first organization; the plan's own when absent. */
  BOOTSTRAP_MINIMUM_TRAINING_MS: z.coerce.number().int().nonnegative().optional(),
};

export interface Env extends ServiceSettings {
  /** False: metrics are served nowhere. */
  metrics: MetricsListenerSettings | false;
  apiKeyPepper: string;
  /** Null: no operators' routes. */
  adminKey: string | null;
  secretsKey: string;
  stt: { url: string; token: string };
  uploads: UploadLimits;
  archives: ArchiveLimits;
  webhooks: WebhookSettings;
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(serviceVariables, variables);
  return Object.freeze({
    ...toServiceSettings(env, store),
    metrics: env.METRICS_PORT === undefined ? false : { host: env.HOST, port: env.METRICS_PORT },
    apiKeyPepper: env.API_KEY_PEPPER,
    adminKey: env.ADMIN_KEY ?? null,
    secretsKey: env.SECRETS_KEY,
    stt: { url: env.STT_URL, token: env.STT_INTERNAL_TOKEN },
    uploads: { audioBytes: env.MAX_AUDIO_BYTES, transcriptBytes: env.MAX_TRANSCRIPT_BYTES },
    archives: {
      archiveBytes: env.MAX_ARCHIVE_BYTES,
      members: env.MAX_ARCHIVE_MEMBERS,
      unpackedBytes: env.MAX_ARCHIVE_UNPACKED_BYTES,
    },
    webhooks: {
      allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE === 'true',
      dnsServers: env.WEBHOOKS_DNS_SERVERS.split(',').filter((server) => server !== ''),
    },
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
  const env = readEnvironment(bootstrapVariables, variables);
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
  const { env, store } = readEnvironmentWithStore(databaseVariables, variables);
  return Object.freeze({ databaseUrl: env.DATABASE_URL, logLevel: env.LOG_LEVEL, store });
}

/** Reads what the migrations need. Throws one error that names every problem. */
export function readMigrationEnv(variables: Variables = process.env): Readonly<MigrationEnvironment> {
  return readMigrationEnvironment('attune_models', variables);
}
