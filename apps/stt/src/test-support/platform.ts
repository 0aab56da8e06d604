import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ReplyOf } from '@attune/events';
import { AppError, newId } from '@attune/kernel';
import { connectNats, Rpc } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { baseKey, storeFromConfig, type ObjectStore } from '@attune/storage';
import { startTestNats, temporaryDirectory, type TestNats } from '@attune/testing';
import { createApp } from '../create-app';
import type { Env } from '../env';

export const TOKEN = 'internal-token-of-the-tests';
const ENGINE = join(__dirname, '..', '..', '..', '..', 'packages', 'engine-protocol', 'test-engine', 'engine.mjs');

export type Resolved = ReplyOf<'models.resolve'>;

/** What surrounds the stt service: NATS, an object store, models-api's answer to `models.resolve`, an engine program. */
export class Platform {
  /** What `models.resolve` answers, by model. */
  readonly models = new Map<string, Resolved>();

  private constructor(
    readonly nats: TestNats,
    readonly directory: string,
    readonly store: ObjectStore,
    readonly env: Env,
    private readonly scriptFile: string,
    private readonly closeRpc: () => Promise<void>,
  ) {}

  static async start(limits: Partial<Env['limits']> = {}): Promise<Platform> {
    const [nats, directory] = await Promise.all([startTestNats(), temporaryDirectory('stt')]);
    const storeConfig = {
      kind: 'filesystem' as const,
      directory: join(directory, 'store'),
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    const scriptFile = join(directory, 'script.json');
    const store = storeFromConfig(storeConfig);
    await store.prepare();
    const env: Env = {
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      natsUrl: nats.url,
      internalToken: TOKEN,
      store: storeConfig,
      workDirectory: join(directory, 'work'),
      cache: { directory: join(directory, 'cache'), limitBytes: 1_000_000 },
      engines: {
        commands: { scripted: [process.execPath, ENGINE, '--script', scriptFile] },
        memoryLimitMb: 64,
        maxPending: 16,
        timeoutMs: 30_000,
      },
      limits: { audioBytes: 2_000_000, jsonBytes: 1_000_000, audioMs: 60_000, requests: 8, decodes: 2, ...limits },
    };
    const logger = createLogger('stt-test', 'silent');
    const connection = await connectNats({ url: nats.url, name: 'models', logger });
    const platform = new Platform(nats, directory, store, env, scriptFile, () => connection.close());
    new Rpc(connection, 'models', logger).serve('models.resolve', ({ model }) => platform.resolve(model));
    await connection.flush();
    return platform;
  }

  /** Tells engines started from now on how to behave (see the scripted engine's own text). */
  async script(behaviour: object): Promise<void> {
    await writeFile(this.scriptFile, JSON.stringify(behaviour));
  }

  startApp(): Promise<NestFastifyApplication> {
    return createApp(this.env, createLogger('stt', 'silent'));
  }

  /** Stores a model of the scripted engine that writes this text, and lets it be resolved. */
  async addModel(model: string, text: string, languages = ['en']): Promise<Resolved> {
    const seed = newId();
    const content = JSON.stringify({ transcripts: [{ sha256: '', seconds: 1, transcript: text }], seed });
    const digest = digestOf(seed);
    const key = baseKey(digest, 'ctranslate2/model.bin');
    const { bytes, sha256 } = await this.store.put(key, Readable.from([Buffer.from(content)]));
    const resolved = {
      model,
      languages,
      engine: 'scripted',
      digest,
      files: [{ path: 'model.bin', key, bytes, sha256 }],
    };
    this.models.set(model, resolved);
    return resolved;
  }

  async cachedFile(model: Resolved): Promise<string> {
    const folder = join(this.env.cache.directory, model.digest.slice('sha256:'.length));
    await mkdir(folder, { recursive: true });
    return join(folder, 'model.bin');
  }

  async stop(): Promise<void> {
    await this.closeRpc();
    await Promise.all([this.nats.remove(), rm(this.directory, { recursive: true })]);
  }

  private resolve(model: string): Promise<Resolved> {
    const resolved = this.models.get(model);
    if (resolved) return Promise.resolve(resolved);
    if (model === 'custom_model_1')
      return Promise.reject(new AppError('MODEL_NOT_READY', 'It has not been trained yet'));
    return Promise.reject(new AppError('MODEL_NOT_FOUND', 'Model not found'));
  }
}

export function digestOf(content: string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
