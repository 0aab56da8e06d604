import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { serviceNames, type ServiceName } from './service-names';

const port = z.coerce.number().int().min(1).max(65535);
const url = z.string().url();
const command = z
  .string()
  .min(1)
  .transform((text, context) =>
    text.startsWith('[') ? jsonOf(text, context, 'must be a path, or a JSON array of program and arguments') : [text],
  )
  .pipe(z.array(z.string().min(1)).min(1));

/** Every variable that the launcher reads. What is absent is run here; what is given is used instead. */
const environment = z.object({
  ATTUNE_PORT: port.default(8080),
  /** Where models-api serves metrics and health, beside the public listener; nowhere when absent. */
  ATTUNE_METRICS_PORT: port.optional(),
  ATTUNE_HOST: z.string().default('127.0.0.1'),
  /** Where data, logs and the key file live. */
  ATTUNE_HOME: z.string().default('.attune'),
  /** Where tools and environments live that outlast a checkout. */
  ATTUNE_CACHE_DIR: z.string().default(join(homedir(), '.cache', 'attune')),
  /** An external PostgreSQL, as the owner of an empty database: `postgres://owner:password@host/attune`. */
  ATTUNE_DATABASE_URL: url.optional(),
  /** An external NATS with JetStream: `nats://user:password@host:4222`. */
  ATTUNE_NATS_URL: url.optional(),
  S3_ENDPOINT: url.optional(),
  S3_BUCKET: z.string().default('attune'),
  S3_ACCESS_KEY: z.string().optional(),
  S3_SECRET_KEY: z.string().optional(),
  S3_REGION: z.string().default('us-east-1'),
  /** The engine program: a path, or a JSON array of program and arguments; the built-in Whisper engine when absent. */
  ATTUNE_ENGINE: command.optional(),
  /** A base folder as packages/engine-protocol describes it; the pinned Whisper tiny.en when absent. */
  ATTUNE_BASE: z.string().optional(),
  /** Least training audio of the local organization, in seconds. */
  ATTUNE_MINIMUM_TRAINING_SECONDS: z.coerce.number().int().min(0).default(60),
  /** How long a runner may be silent before its run is taken from it, in seconds. */
  ATTUNE_LEASE_SECONDS: z.coerce.number().int().min(2).optional(),
  ATTUNE_MAX_AUDIO_BYTES: z.coerce.number().int().positive().optional(),
  /** What services are told beside what the launcher knows, by service: `{"trainer": {"TRAINER_EXECUTOR": "kubernetes"}}`. */
  ATTUNE_SERVICE_ENVIRONMENT: z
    .string()
    .default('{}')
    .transform((text, context) => jsonOf(text, context, 'must be JSON: {"<service>": {"<variable>": "<value>"}}'))
    .pipe(z.record(z.enum(serviceNames), z.record(z.string()))),
  /** Lets webhooks go to HTTP addresses and private networks. */
  ATTUNE_WEBHOOKS_ALLOW_PRIVATE: z.enum(['true', 'false']).default('false'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export interface S3Settings {
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  region: string;
}

export interface Settings {
  host: string;
  port: number;
  metricsPort: number | undefined;
  home: string;
  cache: string;
  databaseUrl: string | undefined;
  natsUrl: string | undefined;
  s3: S3Settings | undefined;
  engine: string[] | undefined;
  base: string | undefined;
  minimumTrainingMs: number;
  leaseSeconds: number | undefined;
  maxAudioBytes: number | undefined;
  webhooksAllowPrivate: boolean;
  /** Beside what the launcher knows, by service. */
  serviceEnvironment: Readonly<Partial<Record<ServiceName, Readonly<Record<string, string>>>>>;
  logLevel: string;
}

/** Reads the settings. Throws one error that names every problem. */
export function readSettings(variables: Record<string, string | undefined>): Settings {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`the environment is not right:\n  ${problems.join('\n  ')}`);
  }
  const env = parsed.data;
  return {
    host: env.ATTUNE_HOST,
    port: env.ATTUNE_PORT,
    metricsPort: env.ATTUNE_METRICS_PORT,
    home: resolve(env.ATTUNE_HOME),
    cache: resolve(env.ATTUNE_CACHE_DIR),
    databaseUrl: env.ATTUNE_DATABASE_URL,
    natsUrl: env.ATTUNE_NATS_URL,
    s3: s3Settings(env),
    engine: env.ATTUNE_ENGINE,
    base: env.ATTUNE_BASE,
    minimumTrainingMs: env.ATTUNE_MINIMUM_TRAINING_SECONDS * 1000,
    leaseSeconds: env.ATTUNE_LEASE_SECONDS,
    maxAudioBytes: env.ATTUNE_MAX_AUDIO_BYTES,
    webhooksAllowPrivate: env.ATTUNE_WEBHOOKS_ALLOW_PRIVATE === 'true',
    serviceEnvironment: env.ATTUNE_SERVICE_ENVIRONMENT,
    logLevel: env.LOG_LEVEL,
  };
}

/** What the text says, or an issue with this message. */
function jsonOf(text: string, context: z.RefinementCtx, message: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
}

function s3Settings(env: z.infer<typeof environment>): S3Settings | undefined {
  if (env.S3_ENDPOINT === undefined) return undefined;
  if (env.S3_ACCESS_KEY === undefined || env.S3_SECRET_KEY === undefined) {
    throw new Error('the environment is not right:\n  S3_ENDPOINT needs S3_ACCESS_KEY and S3_SECRET_KEY beside it');
  }
  return {
    endpoint: env.S3_ENDPOINT,
    bucket: env.S3_BUCKET,
    accessKey: env.S3_ACCESS_KEY,
    secretKey: env.S3_SECRET_KEY,
    region: env.S3_REGION,
  };
}

/** The environment as this process sees it. */
export function processEnvironment(): Record<string, string | undefined> {
  return process.env;
}

/** What a child needs of the launcher's own environment, and nothing else. */
export function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'ATTUNE_CACHE_DIR', 'ATTUNE_ENGINE_LOCK'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
