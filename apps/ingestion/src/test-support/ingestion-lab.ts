import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Database } from '@attune/database';
import type { EventName, EventPayload } from '@attune/events';
import { newId, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import {
  storeFromConfig,
  uploadAudioKey,
  uploadTranscriptKey,
  type FilesystemStoreConfig,
  type ObjectStore,
} from '@attune/storage';
import {
  createTestDatabase,
  eventually,
  startTestNats,
  temporaryDirectory,
  type TestDatabase,
  type TestNats,
  TestPeer,
} from '@attune/testing';
import type { Env } from '../env';
import { migrations } from '../migrations/all';

const run = promisify(execFile);
const OUTCOMES = ['ingestion.data-validated.v1', 'ingestion.data-rejected.v1', 'ingestion.model-erased.v1'] as const;

export type Uploaded = EventPayload<'models.data-uploaded.v1'>;

/** All that ingestion stands on, and models-api's side of it. */
export class IngestionLab {
  private constructor(
    readonly nats: TestNats,
    readonly testDatabase: TestDatabase,
    readonly database: Database,
    readonly directory: string,
    readonly store: ObjectStore,
    readonly env: Env,
    readonly models: TestPeer,
  ) {}

  static async start(): Promise<IngestionLab> {
    const [nats, directory] = await Promise.all([startTestNats(), temporaryDirectory('ingestion')]);
    const testDatabase = await createTestDatabase({ schema: 'ingestion', migrations });
    const storeConfig: FilesystemStoreConfig = {
      kind: 'filesystem',
      directory: join(directory, 'store'),
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    const store = storeFromConfig(storeConfig);
    await store.prepare();
    const env: Env = {
      databaseUrl: testDatabase.url,
      natsUrl: nats.url,
      store: storeConfig,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      work: { directory: join(directory, 'work'), concurrency: 2, maxAudioBytes: 50_000_000, maxAudioMs: 3_600_000 },
    };
    const models = await TestPeer.start({ service: 'models', natsUrl: nats.url, listensTo: OUTCOMES });
    return new IngestionLab(nats, testDatabase, await testDatabase.open(), directory, store, env, models);
  }

  async stop(): Promise<void> {
    await this.models.stop();
    await Promise.all([this.testDatabase.drop(), this.nats.remove(), rm(this.directory, { recursive: true })]);
  }

  /** A file made by the host's ffmpeg from these arguments. */
  async audio(name: string, ...args: string[]): Promise<Buffer> {
    const path = join(this.directory, name);
    await run('/usr/bin/ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...args, path]);
    return readFile(path);
  }

  /** Puts a pair into quarantine as models-api does; answers its event, not yet published. */
  async quarantine(audio: Buffer, transcript: Buffer | string, modelId = 1 as ModelId): Promise<Uploaded> {
    const place = { organizationId: newId<OrganizationId>(), modelId, itemId: newId<ItemId>() };
    const stored = await this.store.put(uploadAudioKey(place), Readable.from([audio]));
    await this.store.put(uploadTranscriptKey(place), Readable.from([Buffer.from(transcript as string)]));
    return {
      organization_id: place.organizationId,
      model_id: modelId,
      item_id: place.itemId,
      data_type: 'train',
      audio_key: uploadAudioKey(place),
      transcript_key: uploadTranscriptKey(place),
      audio_sha256: stored.sha256,
      audio_bytes: stored.bytes,
    };
  }

  async upload(audio: Buffer, transcript: Buffer | string, modelId = 1 as ModelId): Promise<Uploaded> {
    const uploaded = await this.quarantine(audio, transcript, modelId);
    await this.models.publish('models.data-uploaded.v1', uploaded);
    return uploaded;
  }

  /** The verdicts that models-api has heard on an item, once there are `count`. */
  async verdicts<N extends Extract<EventName, `ingestion.data-${string}`>>(
    name: N,
    item: Uploaded,
    count = 1,
  ): Promise<EventPayload<N>[]> {
    return eventually(
      () => {
        const heard = this.models.receivedOf(name).filter((verdict) => verdict.item_id === item.item_id);
        if (heard.length !== count)
          throw new Error(`${String(heard.length)} verdicts of ${name}, not ${String(count)}`);
        return heard;
      },
      { timeoutMs: 60_000 },
    );
  }

  /** What lies in the store of an item. */
  async objectsOf(item: Uploaded): Promise<string[]> {
    const prefix = item.audio_key.slice(0, -'upload/audio'.length);
    const keys: string[] = [];
    for await (const { key } of this.store.list(prefix)) keys.push(key.slice(prefix.length));
    return keys;
  }
}
