import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Database } from '@attune/database';
import type { EventPayload, ReplyOf, RequestName, RequestOf, SnapshotItem } from '@attune/events';
import { createHttpApp } from '@attune/http';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { CLOUD_EVENT_STREAM, connectNats, Rpc } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { snapshotKey, storeFromConfig, type ObjectStore } from '@attune/storage';
import {
  createTestDatabase,
  startTestNats,
  temporaryDirectory,
  TestPeer,
  type TestDatabase,
  type TestNats,
} from '@attune/testing';
import { AppModule } from '../app.module';
import type { Env } from '../env';
import { migrations } from '../migrations/all';
import type { BillingIntervals } from '../reconciler';

export const HOUR_MS = 3_600_000;
export const sha256Of = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A recording by its content: the same name is the same file. */
export interface Recording {
  name: string;
  ms: number;
  /** Default: for training. */
  type?: 'train' | 'test';
}

export type Succeeded = EventPayload<'training.run-succeeded.v1'>;

const metrics = {
  word_error_rate: 5,
  character_error_rate: 2,
  accuracy_improvement: 50,
  base_word_error_rate: 10,
  base_character_error_rate: 4,
  test_words: 100,
  evaluated_on: 'test_set' as const,
};

/** Billing as it runs, any number of instances of it, on real PostgreSQL, NATS and a folder store; a test plays the other services. */
export class TestBilling {
  readonly instances: NestFastifyApplication[] = [];
  models!: TestPeer;
  training!: TestPeer;
  private connection!: Awaited<ReturnType<typeof connectNats>>;

  private constructor(
    readonly nats: TestNats,
    readonly testDatabase: TestDatabase,
    readonly database: Database,
    readonly directory: string,
    readonly store: ObjectStore,
    readonly env: Env,
    private readonly intervals: Partial<BillingIntervals>,
  ) {}

  static async start({
    instances = 1,
    settings = {},
    intervals = {},
  }: { instances?: number; settings?: Partial<Env['billing']>; intervals?: Partial<BillingIntervals> } = {}) {
    const [nats, directory, testDatabase] = await Promise.all([
      startTestNats(),
      temporaryDirectory('billing'),
      createTestDatabase({ schema: 'billing', migrations }),
    ]);
    const store = {
      kind: 'filesystem' as const,
      directory,
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    const env: Env = {
      databaseUrl: testDatabase.url,
      natsUrl: nats.url,
      store,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      billing: {
        holdSeconds: 900,
        holdCheckSeconds: 900,
        statementGraceHours: 24,
        maxChargesPerDay: 1_000,
        ...settings,
      },
    };
    const database = await testDatabase.open();
    const billing = new TestBilling(nats, testDatabase, database, directory, storeFromConfig(store), env, intervals);
    for (let n = 0; n < instances; n++) await billing.addInstance();
    await billing.joinOthers();
    return billing;
  }

  async addInstance(): Promise<NestFastifyApplication> {
    const logger = createLogger('billing', process.env.TEST_LOG_LEVEL ?? 'silent');
    const app = await createHttpApp(AppModule.forRoot(this.env, logger, { intervals: this.intervals }), { logger });
    await app.init();
    this.instances.push(app);
    return app;
  }

  /** The first instance. */
  get app(): NestFastifyApplication {
    const [app] = this.instances;
    if (!app) throw new Error('billing is not running');
    return app;
  }

  async stopInstances(): Promise<void> {
    await Promise.all(this.instances.splice(0).map((app) => app.close()));
  }

  async stop(): Promise<void> {
    await this.stopInstances();
    await Promise.all([this.models.stop(), this.training.stop(), this.connection.close()]);
    await Promise.all([
      this.testDatabase.drop(),
      this.nats.remove(),
      rm(this.directory, { recursive: true, force: true }),
    ]);
  }

  /** As models-api asks, which waits as long. */
  ask<N extends RequestName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    return new Rpc(this.connection, 'models', createLogger('test', 'silent')).call(name, request, { timeoutMs: 5_000 });
  }

  /** Answers in models-api's name. */
  answer<N extends RequestName>(name: N, handler: (request: RequestOf<N>) => ReplyOf<N>): Rpc {
    const rpc = new Rpc(this.connection, 'models', createLogger('test', 'silent'));
    rpc.serve(name, (request) => Promise.resolve(handler(request)));
    return rpc;
  }

  /** Stores the snapshot of a run on these training recordings and answers what its success is told with. */
  async aRun(
    recordings: readonly Recording[],
    place: Partial<{ organizationId: string; modelId: number; runId: string }> = {},
  ): Promise<Succeeded> {
    const run = {
      organizationId: (place.organizationId ?? newId()) as OrganizationId,
      modelId: (place.modelId ?? 7) as ModelId,
      runId: (place.runId ?? newId()) as RunId,
    };
    const content = recordings.map((one) => `${JSON.stringify(snapshotLine(one))}\n`).join('');
    const { sha256 } = await this.store.put(snapshotKey(run), Readable.from([Buffer.from(content)]));
    return {
      organization_id: run.organizationId,
      model_id: run.modelId,
      run_id: run.runId,
      epoch: 1,
      base_digest: sha256Of('base'),
      manifest_key: 'm',
      manifest_sha256: sha256Of('m'),
      snapshot_key: snapshotKey(run),
      snapshot_sha256: sha256,
      training_ms: recordings.reduce((sum, { ms, type }) => (type === 'test' ? sum : sum + ms), 0),
      metrics,
    };
  }

  /** Holds for the run and has it confirmed, as starting it does. */
  async startRun(run: Succeeded): Promise<void> {
    await this.placeHold(run);
    await this.announce(run);
  }

  async placeHold(run: Succeeded): Promise<void> {
    await this.ask('billing.place-hold', {
      ...{ organization_id: run.organization_id, model_id: run.model_id, run_id: run.run_id },
      ...{ new_ms: run.training_ms, max_amount_cents: null },
    });
  }

  /** models-api says that the run exists. */
  async announce(run: Succeeded): Promise<void> {
    await this.models.publish('models.run-requested.v2', {
      ...{ organization_id: run.organization_id, model_id: run.model_id, run_id: run.run_id },
      snapshot_key: run.snapshot_key,
      snapshot_sha256: run.snapshot_sha256,
      base_model: 'general',
      base_digest: run.base_digest,
      language: 'en',
      training_ms: run.training_ms,
      accelerator: null,
    });
  }

  succeed(run: Succeeded): Promise<void> {
    return this.training.publish('training.run-succeeded.v1', run);
  }

  /** What a test sees behind the service's back, as its own role. */
  rows<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    return this.database.read('system', (tx) => tx.query<T>(sql, params));
  }

  /** As the owner of everything, whom no right stops. */
  async asOwner(sql: string): Promise<void> {
    const owner = await this.testDatabase.open({ url: this.testDatabase.ownerUrl });
    try {
      await owner.runInTransaction('system', (tx) => tx.execute(sql));
    } finally {
      await owner.dataSource.destroy();
    }
  }

  /** The ids of all events that lie in finance's stream, sorted. Throws while there is no stream. */
  async eventsForFinance(): Promise<string[]> {
    const ask = async <T>(subject: string, body = ''): Promise<T> =>
      (
        await this.connection.request(`$JS.API.STREAM.${subject}.${CLOUD_EVENT_STREAM}`, body, { timeout: 5_000 })
      ).json<T>();
    const { state } = await ask<{ state: { messages: number } }>('INFO');
    const ids: string[] = [];
    for (let seq = 1; seq <= state.messages; seq++) {
      const { message } = await ask<{ message: { data: string } }>('MSG.GET', JSON.stringify({ seq }));
      ids.push((JSON.parse(Buffer.from(message.data, 'base64').toString('utf8')) as { id: string }).id);
    }
    return ids.sort();
  }

  private async joinOthers(): Promise<void> {
    const on = { natsUrl: this.nats.url };
    this.models = await TestPeer.start({
      ...on,
      service: 'models',
      listensTo: ['billing.entitlements-changed.v2', 'billing.model-erased.v1'],
    });
    this.training = await TestPeer.start({ ...on, service: 'training' });
    this.connection = await connectNats({ url: this.nats.url, name: 'test', logger: createLogger('test', 'silent') });
  }
}

function snapshotLine({ name, ms, type = 'train' }: Recording): SnapshotItem {
  return {
    item_id: newId(),
    data_type: type,
    audio_sha256: sha256Of(name),
    audio_ms: ms,
    normalized_key: 'k',
    normalized_sha256: sha256Of('n'),
    transcript_key: 'k',
    transcript_sha256: sha256Of('t'),
  };
}
