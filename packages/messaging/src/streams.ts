import { services, type Service } from '@attune/events';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { CLOUD_EVENT_STREAM, CLOUD_EVENT_SUBJECTS, streamOf, streamSubjectsOf } from './subjects';

const DAY_MS = 24 * 60 * 60 * 1000;
const NAME_IN_USE = 10_058;

export interface StreamSettings {
  /** 3 where three servers exist. */
  replicas?: number;
  /** Per stream; when it is full, events wait in the outbox. */
  maxBytes?: number;
  /** The broker forgets message ids after this long. Nothing relies on it: the inbox is what counts. */
  duplicateWindowMs?: number;
}

type Config = Partial<StreamConfig> & { name: string };

function configOf(service: Service, settings: StreamSettings): Config {
  return {
    name: streamOf(service),
    subjects: streamSubjectsOf(service),
    ...common(settings),
  };
}

/** Finance may be away for longer than a service: a quarter. */
export const CLOUD_EVENT_DAYS = 90;

/** Room for a million events. */
function cloudEventConfig(settings: StreamSettings): Config {
  return {
    name: CLOUD_EVENT_STREAM,
    subjects: CLOUD_EVENT_SUBJECTS,
    ...common(settings),
    max_age: nanos(CLOUD_EVENT_DAYS * DAY_MS),
    max_bytes: settings.maxBytes ?? 1024 * 1024 * 1024,
  };
}

function common(settings: StreamSettings): Partial<StreamConfig> {
  return {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_age: nanos(7 * DAY_MS),
    max_bytes: settings.maxBytes ?? 256 * 1024 * 1024,
    duplicate_window: nanos(settings.duplicateWindowMs ?? 120_000),
    num_replicas: settings.replicas ?? 1,
    allow_direct: false,
    deny_delete: true,
    deny_purge: true,
  };
}

/**
 * Makes every service's stream, and that of the CloudEvents, where it is missing. Every participant calls it at boot and whenever a stream turns out to
 * be gone, so that nobody has to start first. An existing stream keeps its settings.
 */
export async function ensureStreams(manager: JetStreamManager, settings: StreamSettings = {}): Promise<void> {
  const wanted = [...services.map((service) => configOf(service, settings)), cloudEventConfig(settings)];
  await Promise.all(
    wanted.map(async (config) => {
      try {
        await manager.streams.info(config.name);
      } catch (error) {
        if (!isApiError(error, JetStreamApiCodes.StreamNotFound)) throw error;
        await addStream(manager, config);
      }
    }),
  );
}

async function addStream(manager: JetStreamManager, config: Config): Promise<void> {
  try {
    await manager.streams.add(config);
  } catch (error) {
    // Another service was faster, with other settings.
    if (!isApiError(error, NAME_IN_USE)) throw error;
  }
}

export function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
