import { parseStoreEnv, type StoreConfig } from '@attune/storage';
import { z } from 'zod';
import type { EngineSettings } from './engines/engines';
import type { ModelCacheSettings } from './models/model-cache';
import type { TranscriptionLimits } from './transcriptions/transcription';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const count = (fallback: number, minimum = 1) => z.coerce.number().int().min(minimum).default(fallback);
const directory = z.string().startsWith('/', 'must be an absolute path');

/** `{"whisper":["/path/to/engine-whisper"]}`: engine -> program and fixed arguments. */
const engines = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON: {"<engine>": ["<program>", "<argument>", ...]}' });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.array(z.string().min(1)).min(1)));

const serviceVariables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: count(8086, 0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  NATS_URL: z.string().url(),
  /** What models-api shows with each request; the same there. */
  STT_INTERNAL_TOKEN: z.string().min(16, 'must have at least 16 characters'),
  STT_ENGINES: engines,
  /** Recordings while they are worked on. Emptied at start: each process needs its own. */
  STT_WORK_DIRECTORY: directory,
  /** Model files by digest. Each process needs its own. */
  STT_CACHE_DIRECTORY: directory,
  STT_CACHE_BYTES: count(20 * GIB),
  MAX_AUDIO_BYTES: count(2 * GIB),
  /** A JSON request is held in memory, so its recording is bounded lower. */
  STT_MAX_JSON_BYTES: count(32 * MIB),
  STT_MAX_AUDIO_MS: count(4 * HOUR_MS),
  /** More requests than this at once are told to come back. */
  STT_MAX_REQUESTS: count(64),
  /** Recordings decoded by ffmpeg at once. */
  STT_MAX_DECODES: count(2),
  /** Threads of one engine process; 0: the engine's own choice. */
  STT_ENGINE_THREADS: count(0, 0),
  STT_ENGINE_MEMORY_MB: count(4096),
  /** An engine that has not answered for this long counts as hung; longer than the longest recording takes. */
  STT_ENGINE_TIMEOUT_MS: count(HOUR_MS),
});

export interface Env {
  host: string;
  port: number;
  logLevel: string;
  natsUrl: string;
  internalToken: string;
  store: StoreConfig;
  workDirectory: string;
  cache: ModelCacheSettings;
  engines: EngineSettings;
  limits: TranscriptionLimits;
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Record<string, string | undefined> = process.env): Readonly<Env> {
  const parsed = serviceVariables.safeParse(variables);
  const store = parseStoreEnv(variables);
  if (!parsed.success || 'problems' in store) {
    const problems = [
      ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
      ...('problems' in store ? store.problems.map(({ name, message }) => `${name}: ${message}`) : []),
    ];
    throw new Error(`the environment is not right:\n  ${problems.join('\n  ')}`);
  }
  const env = parsed.data;
  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    natsUrl: env.NATS_URL,
    internalToken: env.STT_INTERNAL_TOKEN,
    store: store.config,
    workDirectory: env.STT_WORK_DIRECTORY,
    cache: { directory: env.STT_CACHE_DIRECTORY, limitBytes: env.STT_CACHE_BYTES },
    engines: {
      commands: env.STT_ENGINES,
      ...(env.STT_ENGINE_THREADS > 0 && { threads: env.STT_ENGINE_THREADS }),
      memoryLimitMb: env.STT_ENGINE_MEMORY_MB,
      maxPending: env.STT_MAX_REQUESTS,
      timeoutMs: env.STT_ENGINE_TIMEOUT_MS,
    },
    limits: {
      audioBytes: env.MAX_AUDIO_BYTES,
      jsonBytes: env.STT_MAX_JSON_BYTES,
      audioMs: env.STT_MAX_AUDIO_MS,
      requests: env.STT_MAX_REQUESTS,
      decodes: env.STT_MAX_DECODES,
    },
  });
}
