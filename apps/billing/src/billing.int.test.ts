import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Database } from '@attune/database';
import type { EventPayload, SnapshotItem } from '@attune/events';
import { createHttpApp } from '@attune/http';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { snapshotKey, storeFromConfig, type ObjectStore } from '@attune/storage';
import {
  createTestDatabase,
  eventually,
  startTestNats,
  temporaryDirectory,
  type TestDatabase,
  type TestNats,
  TestPeer,
} from '@attune/testing';
import { AppModule } from './app.module';
import { migrations } from './migrations/all';

const sha256Of = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('billing', () => {
  let nats: TestNats;
  let testDatabase: TestDatabase;
  let database: Database;
  let directory: string;
  let store: ObjectStore;
  let app: NestFastifyApplication;
  let training: TestPeer;

  beforeAll(async () => {
    [nats, directory] = await Promise.all([startTestNats(), temporaryDirectory('billing')]);
    testDatabase = await createTestDatabase({ schema: 'billing', migrations });
    database = await testDatabase.open();
    const config = {
      kind: 'filesystem' as const,
      directory,
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    store = storeFromConfig(config);
    const logger = createLogger('billing', 'silent');
    const env = {
      databaseUrl: testDatabase.url,
      natsUrl: nats.url,
      store: config,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      billing: { holdSeconds: 900, holdCheckSeconds: 900, statementGraceHours: 24, maxChargesPerDay: 1_000 },
    };
    app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
    await app.init();
    training = await TestPeer.start({ natsUrl: nats.url, service: 'training' });
  });
  afterAll(async () => {
    await Promise.all([training.stop(), app.close()]);
    await Promise.all([testDatabase.drop(), nats.remove(), rm(directory, { recursive: true })]);
  });

  const item = (audioMs: number, type: 'train' | 'test' = 'train'): SnapshotItem => ({
    item_id: newId(),
    data_type: type,
    audio_sha256: sha256Of(newId()),
    audio_ms: audioMs,
    normalized_key: 'k',
    normalized_sha256: sha256Of('n'),
    transcript_key: 'k',
    transcript_sha256: sha256Of('t'),
  });

  /** Stores a snapshot and answers the event of the run that used it. */
  const succeededRun = async (items: SnapshotItem[]): Promise<EventPayload<'training.run-succeeded.v1'>> => {
    const place = { organizationId: newId<OrganizationId>(), modelId: 7 as ModelId, runId: newId<RunId>() };
    const content = items.map((one) => `${JSON.stringify(one)}\n`).join('');
    const { sha256 } = await store.put(snapshotKey(place), Readable.from([Buffer.from(content)]));
    return {
      organization_id: place.organizationId,
      model_id: place.modelId,
      run_id: place.runId,
      epoch: 1,
      base_digest: sha256Of('base'),
      manifest_key: 'm',
      manifest_sha256: sha256Of('m'),
      snapshot_key: snapshotKey(place),
      snapshot_sha256: sha256,
      training_ms: items
        .filter(({ data_type }) => data_type === 'train')
        .reduce((sum, { audio_ms }) => sum + audio_ms, 0),
      metrics: {
        word_error_rate: 5,
        character_error_rate: 2,
        accuracy_improvement: 50,
        base_word_error_rate: 10,
        base_character_error_rate: 4,
        test_words: 100,
        evaluated_on: 'test_set',
      },
    };
  };
  const usageOf = (runId: string) =>
    database.query<{ training_ms: number; items: number; items_ms: number }>(
      'system',
      `SELECT u.training_ms, count(i.*) AS items, sum(i.audio_ms)::bigint AS items_ms
         FROM usage u LEFT JOIN usage_item i USING (run_id) WHERE u.run_id = $1 GROUP BY u.run_id`,
      [runId],
    );
  const deadLetters = () =>
    database.query<{ error: string }>('system', 'SELECT error FROM failed_event WHERE dead_at IS NOT NULL');

  it('is ready when PostgreSQL, NATS and the store are', async () => {
    const answer = await app.inject({ method: 'GET', url: '/healthz/ready' });
    expect(answer.json()).toEqual({ status: 'ok', checks: { postgres: 'ok', nats: 'ok', store: 'ok' } });
  });

  it('records each training recording of a succeeded run once, however often it hears of the run', async () => {
    const run = await succeededRun([item(1000), item(2500), item(4000, 'test')]);
    await Promise.all([1, 2, 3].map(() => training.publish('training.run-succeeded.v1', run)));
    const expected = [{ training_ms: 3500, items: 2, items_ms: 3500 }];
    await eventually(async () => expect(await usageOf(run.run_id)).toEqual(expected));
    await eventually(async () => {
      const [row] = await database.query<{ count: number }>(
        'system',
        `SELECT count(*) AS count FROM inbox WHERE consumer = 'billing-usage' AND organization_id = $1`,
        [run.organization_id],
      );
      expect(row?.count).toBe(3);
    });
    expect(await usageOf(run.run_id)).toEqual(expected);
  });

  it('records a run of 36,000 clips', async () => {
    const run = await succeededRun(Array.from({ length: 36_000 }, () => item(1000)));
    await training.publish('training.run-succeeded.v1', run);
    await eventually(
      async () =>
        expect(await usageOf(run.run_id)).toEqual([{ training_ms: 36_000_000, items: 36_000, items_ms: 36_000_000 }]),
      { timeoutMs: 20_000 },
    );
  });

  it('records nothing from a snapshot that disagrees with the run', async () => {
    const run = await succeededRun([item(1000)]);
    await training.publish('training.run-succeeded.v1', { ...run, training_ms: 999 });
    await eventually(async () => expect((await deadLetters()).map(({ error }) => error).join()).toContain('1000 ms'));
    expect(await usageOf(run.run_id)).toEqual([]);
  });

  it('refuses every change of usage, from its own role by missing rights and from the owner by a trigger', async () => {
    const run = await succeededRun([item(1000)]);
    await training.publish('training.run-succeeded.v1', run);
    await eventually(async () => expect(await usageOf(run.run_id)).toHaveLength(1));
    const owner = await testDatabase.open({ url: testDatabase.ownerUrl });
    for (const table of ['usage', 'usage_item']) {
      for (const sql of [`UPDATE ${table} SET organization_id = organization_id`, `DELETE FROM ${table}`]) {
        await expect(database.query('system', sql)).rejects.toThrow('permission denied');
        await expect(owner.query('system', sql)).rejects.toThrow('append-only');
      }
    }
  });

  it("shows an organization nobody else's usage, even without a filter", async () => {
    const run = await succeededRun([item(1000)]);
    await training.publish('training.run-succeeded.v1', run);
    await eventually(async () => expect(await usageOf(run.run_id)).toHaveLength(1));
    const rowsFor = (organizationId: string) =>
      database.read({ organizationId }, (tx) => tx.query<{ run_id: string }>('SELECT run_id FROM usage'));
    expect(await rowsFor(run.organization_id)).toEqual([{ run_id: run.run_id }]);
    expect(await rowsFor(newId())).toEqual([]);
  });
});
