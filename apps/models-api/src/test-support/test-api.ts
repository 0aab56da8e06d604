import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { scopes as allScopes, type ApiModel, type ErrorBody, type Scope } from '@attune/contracts';
import type { Database } from '@attune/database';
import type { Event, EventName, EventPayload, RunMetrics } from '@attune/events';
import { newId, toNamedLimits, unlimited, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { connectNats, eventSubject, Rpc } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { artifactKey, manifestKey, storeFromConfig, type EpochPlace, type ObjectStore } from '@attune/storage';
import {
  anEvent,
  createTestDatabase,
  eventually,
  startTestNats,
  temporaryDirectory,
  type TestDatabase,
  type TestNats,
} from '@attune/testing';
import { ApiKeysService } from '../api-keys/api-keys.service';
import { createApp } from '../create-app';
import { entities } from '../entities';
import type { Env } from '../env';
import { migrations } from '../migrations/all';
import { registerBase } from './base-model';
import { BillingDouble } from './billing-double';
import { waitForGivenVerdicts } from './given-verdicts';
import { BROKER_MS, untilHandled } from './handled';

export const PEPPER = 'a-pepper-for-tests-of-32-characters';
export const ADMIN_KEY = 'attune_admin_key-for-tests-of-32-characters';
export const STT_TOKEN = 'internal-token-for-tests';
export const BASE_DIGEST = `sha256:${'b'.repeat(64)}`;

type Connection = Awaited<ReturnType<typeof connectNats>>;

export interface Answer<T> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

/** A tenant of a test: an organization whose entitlements have arrived, and a key with every scope. */
export interface Tenant {
  organizationId: OrganizationId;
  key: string;
}

type Said = EventPayload<'billing.entitlements-changed.v2'>;
/** What billing says of a test's organization; a limit that is not named is unlimited. */
export type SomeEntitlements = Partial<Omit<Said, 'limits'>> & { limits?: Partial<Said['limits']> };

export interface CallOptions {
  key?: string | null;
  json?: unknown;
  body?: RequestInit['body'];
  headers?: Record<string, string>;
}

/** models-api as it runs, on real PostgreSQL, NATS and a folder store; a test plays the other services over the broker. */
export class TestApi {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly testDatabase: TestDatabase,
    /** As the service connects, for what a test has to see or prepare behind its back. */
    readonly database: Database,
    readonly nats: TestNats,
    readonly connection: Connection,
    readonly store: ObjectStore,
    readonly storeDirectory: string,
    readonly env: Env,
    private readonly replicas: NestFastifyApplication[] = [],
  ) {}

  tenant!: Tenant;
  /** Answers for billing; without it no run starts and no terms are agreed. */
  billing!: BillingDouble;
  private readonly published: Event[] = [];
  /** Where in the stream the newest event of a subject stands that a test published. */
  private readonly newest = new Map<string, number>();
  /** Items on which the test has published a verdict. */
  private readonly judged = new Set<string>();

  /** `ownerUrl`: of a server of the test's own, which it may stop. */
  static async start(settings: Partial<Env> = {}, ownerUrl?: string): Promise<TestApi> {
    const [database, nats, directory] = await Promise.all([
      createTestDatabase({ schema: 'models', migrations, ...(ownerUrl === undefined ? {} : { ownerUrl }) }),
      startTestNats(),
      temporaryDirectory('store'),
    ]);
    const env: Env = {
      databaseUrl: database.url,
      natsUrl: nats.url,
      store: {
        kind: 'filesystem',
        directory,
        signingSecret: 'a-signing-secret-of-at-least-32-characters',
        publicBaseUrl: 'http://127.0.0.1:1/store',
      },
      host: '127.0.0.1',
      port: 0,
      metrics: false,
      logLevel: 'silent',
      apiKeyPepper: PEPPER,
      adminKey: ADMIN_KEY,
      secretsKey: 'a-secrets-key-for-tests-of-32-characters',
      stt: { url: 'http://127.0.0.1:1', token: STT_TOKEN },
      webhooks: { allowPrivate: true, dnsServers: [] },
      uploads: { audioBytes: 1024 * 1024, transcriptBytes: 4096 },
      archives: { archiveBytes: 16 * 1024 * 1024, members: 200, unpackedBytes: 256 * 1024 * 1024 },
      ...settings,
    };
    const app = await createApp(env, createLogger('test', process.env.TEST_LOG_LEVEL ?? 'silent'));
    await app.listen(0, '127.0.0.1');
    const open = await database.open({ entities });
    const connection = await connectNats({ url: nats.url, name: 'test', logger: createLogger('test', 'silent') });
    const store = storeFromConfig(env.store);
    const api = new TestApi(app, await app.getUrl(), database, open, nats, connection, store, directory, env);
    api.follow();
    api.billing = new BillingDouble(() => api.rpcOf('billing'));
    api.billing.start();
    // The broker has heard of both before anything is asked.
    await connection.flush();
    waitForGivenVerdicts(app, api.judged);
    await registerBase(app, store, BASE_DIGEST);
    api.tenant = await api.addTenant();
    return api;
  }

  async stop(): Promise<void> {
    await Promise.all([this.app, ...this.replicas].map((app) => app.close()));
    await this.connection.close();
    await this.testDatabase.drop();
    await this.nats.remove();
    await rm(this.storeDirectory, { recursive: true, force: true });
  }

  /** A second instance of the service on the same database, broker and store; answers its address. */
  async addReplica(): Promise<string> {
    const app = await createApp(this.env, createLogger('replica', 'silent'));
    this.replicas.push(app);
    waitForGivenVerdicts(app, this.judged);
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  /** Ends the newest replica as SIGTERM does. */
  async removeReplica(): Promise<void> {
    await this.replicas.pop()?.close();
  }

  async call<T = ErrorBody>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { key = this.tenant.key, json, body, headers = {} } = options;
    const response = await fetch(path.startsWith('http') ? path : `${this.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? (body === undefined ? {} : { body, duplex: 'half' }) : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : text) as T };
  }

  /** What only the owner of the schema may do: rows in bulk, triggers. */
  async asOwner(sql: string): Promise<void> {
    await (await this.testDatabase.open({ url: this.testDatabase.ownerUrl })).dataSource.query(sql);
  }

  /** An organization with a key; without `entitlements` billing has not spoken of it. */
  async addTenant(entitlements: SomeEntitlements | null = {}, scopes: readonly Scope[] = allScopes): Promise<Tenant> {
    const organizationId = newId<OrganizationId>();
    await this.database.query('system', `INSERT INTO organization (id, name, plan) VALUES ($1, 'Test', 'gold')`, [
      organizationId,
    ]);
    if (entitlements !== null) await this.entitle(organizationId, entitlements);
    return { organizationId, key: await this.addKey(organizationId, scopes) };
  }

  async addKey(organizationId: OrganizationId, scopes: readonly Scope[] = allScopes): Promise<string> {
    const keys = this.app.get(ApiKeysService);
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const { key } = await keys.create(tx, organizationId, { name: 'test', scopes });
      return key;
    });
  }

  /** Billing speaks, and the projection has it. Without `limits` there is none of any kind. */
  async entitle(organizationId: OrganizationId, entitlements: SomeEntitlements = {}): Promise<void> {
    const revision = entitlements.revision ?? 1;
    await this.publish(organizationId, 'billing.entitlements-changed.v2', {
      organization_id: organizationId,
      plan: 'gold',
      may_train: true,
      minimum_training_ms: 60_000,
      limit_overrides: {},
      ...entitlements,
      limits: { ...toNamedLimits(unlimited), ...entitlements.limits },
      revision,
    });
    await eventually(async () => {
      const rows = await this.database.query<{ r: number }>(
        'system',
        'SELECT entitlements_revision AS r FROM organization WHERE id = $1',
        [organizationId],
      );
      if ((rows[0]?.r ?? 0) < revision) throw new Error('not yet');
    });
  }

  /** Publishes what another service would, through the broker. */
  async publish<N extends EventName>(
    organizationId: OrganizationId,
    name: N,
    data: EventPayload<N>,
    fields: { id?: string } = {},
  ): Promise<void> {
    if (name.startsWith('ingestion.data-') && 'item_id' in data) this.judged.add(data.item_id);
    const event = anEvent(name, data, { organization_id: organizationId, ...fields });
    const subject = eventSubject(name);
    const stored = await this.connection.request(subject, JSON.stringify(event), { timeout: BROKER_MS });
    this.newest.set(subject, stored.json<{ seq: number }>().seq);
  }

  /** Every event that this service sent of the name, oldest first. */
  sent<N extends EventName>(name: N): Event<N>[] {
    return this.published.filter((event): event is Event<N> => event.name === name);
  }

  /** An answerer of request/reply in another service's name. */
  rpcOf(service: 'training' | 'stt' | 'billing'): Rpc {
    return new Rpc(this.connection, service, createLogger('test', 'silent'));
  }

  async createModel(fields: Record<string, unknown> = {}, key = this.tenant.key): Promise<ApiModel> {
    const answer = await this.call<ApiModel>('POST', '/api/v3/custom_models', {
      key,
      json: { name: 'Heart clinic', language: 'en', ...fields },
    });
    if (answer.status !== 201) throw new Error(`create: ${answer.text}`);
    return answer.body;
  }

  async getModel(id: number, key = this.tenant.key): Promise<ApiModel> {
    const answer = await this.call<ApiModel>('GET', `/api/v3/custom_models/${String(id)}`, { key });
    if (answer.status !== 200) throw new Error(`get: ${answer.text}`);
    return answer.body;
  }

  /** Every key in the store. */
  async storedKeys(prefix = 'o/'): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.store.list(prefix)) keys.push(key);
    return keys;
  }

  /** The artifact's manifest of a run, as the trainer leaves it. */
  async storeManifest(place: EpochPlace): Promise<{ key: string; sha256: string }> {
    const files = ['ctranslate2/model.bin', 'ctranslate2/config.json', 'model-card.json'];
    const listed = [];
    for (const path of files) {
      const { bytes, sha256 } = await this.store.put(artifactKey(place, path), Readable.from([`bytes of ${path}`]));
      listed.push({ path, bytes, sha256 });
    }
    const manifest = {
      run_id: place.runId,
      epoch: place.epoch,
      engine: 'whisper',
      base_digest: BASE_DIGEST,
      digest: `sha256:${createHash('sha256').update(place.runId).digest('hex')}`,
      files: listed,
    };
    const key = manifestKey(place);
    const { sha256 } = await this.store.put(key, Readable.from([JSON.stringify(manifest)]));
    return { key, sha256 };
  }

  /** The trainer says that the model's live run has succeeded. */
  async succeedRun(modelId: number, metrics: Partial<RunMetrics> = {}, trainingMs = 90_000): Promise<void> {
    await this.preparedSuccess(modelId, metrics, trainingMs).then((tell) => tell());
  }

  /** The artifact lies in the store; the trainer says so when the answer is called. */
  async preparedSuccess(
    modelId: number,
    metrics: Partial<RunMetrics> = {},
    trainingMs = 90_000,
  ): Promise<() => Promise<void>> {
    const run = await this.lastRun(modelId);
    const place = { organizationId: run.organizationId, modelId: modelId as ModelId, runId: run.id, epoch: 1 };
    const manifest = await this.storeManifest(place);
    const success: EventPayload<'training.run-succeeded.v1'> = {
      organization_id: run.organizationId,
      model_id: modelId,
      run_id: run.id,
      epoch: 1,
      base_digest: BASE_DIGEST,
      manifest_key: manifest.key,
      manifest_sha256: manifest.sha256,
      snapshot_key: run.snapshotKey,
      snapshot_sha256: run.snapshotSha256,
      training_ms: trainingMs,
      metrics: { ...someMetrics, ...metrics },
    };
    return () => this.publish(run.organizationId, 'training.run-succeeded.v1', success);
  }

  async failRun(modelId: number, message: string): Promise<void> {
    const run = await this.lastRun(modelId);
    await this.publish(run.organizationId, 'training.run-failed.v1', {
      organization_id: run.organizationId,
      model_id: modelId,
      run_id: run.id,
      failure: { kind: 'data', message },
    });
  }

  /** The trainer says that the model's last run has ended because it was asked to. */
  async cancelRun(modelId: number): Promise<void> {
    const run = await this.lastRun(modelId);
    const scope = { organization_id: run.organizationId, model_id: modelId, run_id: run.id };
    await this.publish(run.organizationId, 'training.run-cancelled.v1', scope);
  }

  /** The trainer says where the model's live run stands. */
  async progressRun(
    modelId: number,
    news: Omit<EventPayload<'training.run-progressed.v2'>, `${string}_id` | 'stage_detail'> & { stage_detail?: string },
  ): Promise<void> {
    const run = await this.lastRun(modelId);
    const place = { organization_id: run.organizationId, model_id: modelId, run_id: run.id, stage_detail: null };
    await this.publish(run.organizationId, 'training.run-progressed.v2', { ...place, ...news });
  }

  /** Resolves when every event that was published so far has been handled. */
  async settled(): Promise<void> {
    await untilHandled(this.connection, this.newest);
  }

  async lastRun(modelId: number): Promise<{
    id: RunId;
    organizationId: OrganizationId;
    snapshotKey: string;
    snapshotSha256: string;
  }> {
    const [row] = await this.database.query<{ id: RunId; o: OrganizationId; k: string; s: string }>(
      'system',
      `SELECT r.id, r.organization_id AS o, snapshot_key AS k, snapshot_sha256 AS s
         FROM run r JOIN model m ON m.last_run_id = r.id WHERE m.id = $1`,
      [modelId],
    );
    if (!row) throw new Error(`model ${String(modelId)} has no run`);
    return { id: row.id, organizationId: row.o, snapshotKey: row.k, snapshotSha256: row.s };
  }

  private follow(): void {
    this.connection.subscribe('attune.events.models.>', {
      callback: (_, message) => {
        this.published.push(message.json<Event>());
      },
    });
  }
}

export const someMetrics: RunMetrics = {
  word_error_rate: 12.5,
  character_error_rate: 8.3,
  accuracy_improvement: 18.7,
  base_word_error_rate: 15.38,
  base_character_error_rate: 9.9,
  test_words: 400,
  evaluated_on: 'test_set',
};
