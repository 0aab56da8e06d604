import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { freePort } from '@attune/embedded';
import type { Database } from '@attune/database';
import { ownerOf, type Event, type EventName, type EventPayload, type FeedEvent } from '@attune/events';
import { newId, toNamedLimits, unlimited } from '@attune/kernel';
import {
  connectNats,
  defineConsumer,
  Messaging,
  messagingRowSecurity,
  messagingTables,
  Outbox,
  Rpc,
} from '@attune/messaging';
import { createLogger, type Logger } from '@attune/observability';
import {
  createTestDatabase,
  eventually,
  startTestNats,
  temporaryDirectory,
  type TestDatabase,
  type TestNats,
} from '@attune/testing';
import { baseKey, storeFromConfig, type FilesystemStoreConfig, type ObjectStore } from '@attune/storage';
import { migrations } from '../migrations/all';
import { BASE_FOLDER_FILES, makeScriptedBase, type BaseFile } from './scripted-base';
import { TrainerProcess } from './trainer-process';

const HEARD = [
  'training.run-progressed.v2',
  'training.run-trained.v1',
  'training.run-succeeded.v1',
  'training.run-failed.v1',
  'training.run-cancelled.v1',
  'training.model-erased.v1',
] as const satisfies readonly EventName[];

export const METRICS = {
  word_error_rate: 10,
  character_error_rate: 5,
  accuracy_improvement: 50,
  base_word_error_rate: 20,
  base_character_error_rate: 10,
  test_words: 100,
  evaluated_on: 'test_set',
} as const;

/**
 * The platform around a trainer: real PostgreSQL, NATS, object store and engine program, and in place of the other services one peer that
 * asks for runs, answers for bases, evaluates what was trained and keeps everything it hears.
 */
export class TestPlatform {
  readonly heard: Event[] = [];
  /** False: nobody answers `training.run-trained.v1`. */
  evaluates = true;
  baseDigest = '';
  private baseFiles: BaseFile[] = [];
  private lastPublished = '';
  private messaging: Messaging | null = null;
  private connection: Awaited<ReturnType<typeof connectNats>> | null = null;

  private constructor(
    readonly directory: string,
    readonly nats: TestNats,
    readonly training: TestDatabase,
    readonly database: Database,
    private readonly peer: TestDatabase,
    private readonly peerDatabase: Database,
    readonly storeConfig: FilesystemStoreConfig,
    readonly store: ObjectStore,
    readonly port: number,
    private readonly logger: Logger,
  ) {}

  static async start(): Promise<TestPlatform> {
    const directory = await temporaryDirectory('trainer');
    const [nats, training, peer, port] = await Promise.all([
      startTestNats(),
      createTestDatabase({ schema: 'training', migrations }),
      createTestDatabase({
        schema: 'models',
        migrations: [{ name: '0001-messaging', sql: messagingTables + messagingRowSecurity }],
      }),
      freePort(),
    ]);
    const storeConfig: FilesystemStoreConfig = {
      kind: 'filesystem',
      directory: join(directory, 'store'),
      signingSecret: 's'.repeat(32),
      publicBaseUrl: `http://127.0.0.1:${String(port)}`,
    };
    mkdirSync(storeConfig.directory);
    const store = storeFromConfig(storeConfig);
    await store.prepare();
    const logger = createLogger('test', 'silent');
    const platform = new TestPlatform(
      directory,
      nats,
      training,
      await training.open(),
      peer,
      await peer.open(),
      storeConfig,
      store,
      port,
      logger,
    );
    await platform.storeBase();
    await platform.join();
    return platform;
  }

  /** The trainer as its own process. `script` tells the engine what to do, `env` changes settings. */
  trainer(script: object = {}, env: Record<string, string> = {}): TrainerProcess {
    return new TrainerProcess(this, script, env);
  }

  async publish<N extends EventName>(name: N, data: EventPayload<N> & { organization_id: string }): Promise<void> {
    this.lastPublished = await this.peerDatabase.runInTransaction('system', (tx) =>
      new Outbox(ownerOf(name)).add(tx, name, data, { aggregateId: newId(), organizationId: data.organization_id }),
    );
  }

  /** Resolves when the trainer has committed what the event that was published last does to it, be that nothing. */
  async untilTaken(): Promise<void> {
    const eventId = this.lastPublished;
    await eventually(async () =>
      expect(await this.database.query('system', 'SELECT FROM inbox WHERE event_id = $1', [eventId])).toHaveLength(1),
    );
  }

  /** Billing says how many runs the organization may have at work at once. */
  async entitle(organizationId: string, liveRuns: number | null, revision = 1): Promise<void> {
    await this.publish('billing.entitlements-changed.v2', {
      organization_id: organizationId,
      plan: 'gold',
      revision,
      may_train: true,
      minimum_training_ms: 0,
      limits: { ...toNamedLimits(unlimited), live_runs: liveRuns },
      limit_overrides: {},
    });
  }

  heardOf<N extends EventName>(name: N, runId: string): EventPayload<N>[] {
    return this.heard
      .filter((event) => event.name === name)
      .map((event) => event.data as EventPayload<N>)
      .filter((data) => (data as { run_id?: string }).run_id === runId);
  }

  async log(organizationId: string, modelId: number, page: { offset: number; limit: number }) {
    if (!this.connection) throw new Error('not joined');
    const rpc = new Rpc(this.connection, 'models', this.logger);
    return rpc.call('training.list-log', { organization_id: organizationId, model_id: modelId, ...page });
  }

  /** The whole feed of a model from `after` on, as models-api reads it. */
  async events(organizationId: string, modelId: number, after = 0): Promise<FeedEvent[]> {
    if (!this.connection) throw new Error('not joined');
    const rpc = new Rpc(this.connection, 'models', this.logger);
    const scope = { organization_id: organizationId, model_id: modelId };
    const levels = ['info' as const, 'warning' as const, 'error' as const];
    return (await rpc.call('training.list-events', { ...scope, after, levels, limit: 1000, with_total: false })).events;
  }

  /** As if no event of the trainer had ever arrived, or been lost on its way. */
  async forgetWhatWasHeard(): Promise<void> {
    await this.peerDatabase.query('system', 'DELETE FROM inbox');
    this.heard.length = 0;
  }

  /** Between tests, when nothing is at work any more: a run that one has left would be the first that the next one's trainer starts. */
  async reset(): Promise<void> {
    this.evaluates = true;
    await this.database.query('system', 'DELETE FROM training_run WHERE finished_at IS NULL');
  }

  async stop(): Promise<void> {
    await this.leave();
    await Promise.all([this.nats.remove(), this.training.drop(), this.peer.drop()]);
  }

  private async leave(): Promise<void> {
    await this.messaging?.stop();
    await this.connection?.close();
  }

  private async join(): Promise<void> {
    const connection = await connectNats({ url: this.nats.url, name: 'peer', logger: this.logger });
    const keep = async (event: Event): Promise<void> => {
      this.heard.push(event);
      if (event.name !== 'training.run-trained.v1' || !this.evaluates) return;
      const { organization_id, model_id, run_id, epoch } = event.data as EventPayload<'training.run-trained.v1'>;
      await this.publish('evaluation.completed.v1', {
        organization_id,
        model_id,
        run_id,
        epoch,
        metrics: { ...METRICS },
      });
    };
    const consumer = defineConsumer({
      name: 'models-peer',
      // One after the other: kept in the order in which they left.
      concurrency: 1,
      handlers: Object.fromEntries(HEARD.map((name) => [name, keep])),
    });
    this.messaging = new Messaging({
      service: 'models',
      database: this.peerDatabase,
      connection,
      logger: this.logger,
    });
    await this.messaging.start([consumer]);
    new Rpc(connection, 'models', this.logger).serve('models.resolve-base', ({ digest }) =>
      Promise.resolve({ engine: 'scripted', languages: ['en'], digest, files: this.baseFiles }),
    );
    this.connection = connection;
  }

  private async storeBase(): Promise<void> {
    const directory = join(this.directory, 'base');
    this.baseDigest = makeScriptedBase(directory);
    for (const path of BASE_FOLDER_FILES) {
      const key = baseKey(this.baseDigest, path);
      const stored = await this.store.put(key, Readable.from(await readFile(join(directory, path))));
      this.baseFiles.push({ path, key, ...stored });
    }
    await writeFile(join(directory, 'stored'), '');
  }
}
