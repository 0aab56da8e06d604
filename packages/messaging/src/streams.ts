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
import { streamOf, streamSubjectsOf } from './subjects';

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

function configOf(service: Service, settings: StreamSettings): Partial<StreamConfig> & { name: string } {
  return {
    name: streamOf(service),
    subjects: streamSubjectsOf(service),
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
 * Makes every service's stream where it is missing. Every participant calls it at boot and whenever a stream turns out to
 * be gone, so that nobody has to start first. An existing stream keeps its settings.
 */
export async function ensureStreams(manager: JetStreamManager, settings: StreamSettings = {}): Promise<void> {
  await Promise.all(
    services.map(async (service) => {
      try {
        await manager.streams.info(streamOf(service));
      } catch (error) {
        if (!isApiError(error, JetStreamApiCodes.StreamNotFound)) throw error;
        await addStream(manager, configOf(service, settings));
      }
    }),
  );
}

async function addStream(manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
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
