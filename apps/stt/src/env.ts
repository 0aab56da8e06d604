import {
  count,
  directory,
  enginePrograms,
  listenerShape,
  readEnvironmentWithStore,
  url,
  type ListenerSettings,
  type Variables,
} from '@attune/service';
import type { StoreConfig } from '@attune/storage';
import { z } from 'zod';
import type { EngineSettings } from './engines/engines';
import type { ModelCacheSettings } from './models/model-cache';
import type { TranscriptionLimits } from './transcriptions/transcription';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

const serviceVariables = {
  ...listenerShape(8086),
  NATS_URL: url,
  /** What models-api shows with each request; the same there. */
  STT_INTERNAL_TOKEN: z.string().min(16, 'must have at least 16 characters'),
  STT_ENGINES: enginePrograms,
  /** Recordings while they are worked on. Emptied at start: each process needs its own. */
  STT_WORK_DIRECTORY: directory,
  /** Model files by digest. Each process needs its own. */
  STT_CACHE_DIRECTORY: directory,
  STT_CACHE_BYTES: count(20 * GIB, 1),
  MAX_AUDIO_BYTES: count(2 * GIB, 1),
  /** A JSON request is held in memory, so its recording is bounded lower. */
  STT_MAX_JSON_BYTES: count(32 * MIB, 1),
  STT_MAX_AUDIO_MS: count(4 * HOUR_MS, 1),
  /** More requests than this at once are told to come back. */
  STT_MAX_REQUESTS: count(64, 1),
  /** Recordings decoded by ffmpeg at once. */
  STT_MAX_DECODES: count(2, 1),
  /** Threads of one engine process; 0: the engine's own choice. */
  STT_ENGINE_THREADS: count(0),
  STT_ENGINE_MEMORY_MB: count(4096, 1),
  /** An engine that has not answered for this long counts as hung; longer than the longest recording takes. */
  STT_ENGINE_TIMEOUT_MS: count(HOUR_MS, 1),
};

export interface Env extends ListenerSettings {
  natsUrl: string;
  internalToken: string;
  store: StoreConfig;
  workDirectory: string;
  cache: ModelCacheSettings;
  engines: EngineSettings;
  limits: TranscriptionLimits;
}

/** Reads the service's settings. Throws one error that names every problem. */
export function readEnv(variables: Variables = process.env): Readonly<Env> {
  const { env, store } = readEnvironmentWithStore(serviceVariables, variables);
  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    natsUrl: env.NATS_URL,
    internalToken: env.STT_INTERNAL_TOKEN,
    store,
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
