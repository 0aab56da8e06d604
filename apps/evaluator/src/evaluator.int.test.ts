import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Database } from '@attune/database';
import type { DecodedItem, Event, EventPayload } from '@attune/events';
import { createHttpApp } from '@attune/http';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { baseDecodesKey, customDecodesKey, storeFromConfig, type ObjectStore } from '@attune/storage';
import {
  anEvent,
  createTestDatabase,
  deliverInDisorder,
  eventually,
  startTestNats,
  temporaryDirectory,
  type TestDatabase,
  type TestNats,
  TestPeer,
} from '@attune/testing';
import { AppModule } from './app.module';
import { ErasuresConsumer } from './evaluations/erasures.consumer';
import { EvaluationsConsumer } from './evaluations/evaluations.consumer';
import type { Env } from './env';
import { migrations } from './migrations/all';

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
/** A reference with what the base and the custom model wrote. */
type Item = [reference: string, base: string, custom: string];

describe('the evaluator', () => {
  let nats: TestNats;
  let testDatabase: TestDatabase;
  let database: Database;
  let directory: string;
  let store: ObjectStore;
  let env: Env;
  let app: NestFastifyApplication;
  let training: TestPeer;
  let models: TestPeer;
  let nextModel = 1;

  beforeAll(async () => {
    [nats, directory] = await Promise.all([startTestNats(), temporaryDirectory('evaluator')]);
    testDatabase = await createTestDatabase({ schema: 'evaluation', migrations });
    database = await testDatabase.open();
    const config = {
      kind: 'filesystem' as const,
      directory,
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    store = storeFromConfig(config);
    const logger = createLogger('evaluator', 'silent');
    env = {
      databaseUrl: testDatabase.url,
      natsUrl: nats.url,
      store: config,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
    };
    app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
    await app.init();
    const listensTo = ['evaluation.completed.v1', 'evaluation.failed.v1', 'evaluation.model-erased.v1'] as const;
    training = await TestPeer.start({ natsUrl: nats.url, service: 'training', listensTo });
    models = await TestPeer.start({ natsUrl: nats.url, service: 'models' });
  });
  afterAll(async () => {
    await Promise.all([models.stop(), training.stop(), app.close()]);
    await Promise.all([testDatabase.drop(), nats.remove(), rm(directory, { recursive: true })]);
  });

  const linesOf = (items: DecodedItem[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');

  /** Stores both decodes and answers the event of the run that made them. */
  const trainedRun = async (
    items: Item[],
    change: { custom?: string } = {},
  ): Promise<EventPayload<'training.run-trained.v1'>> => {
    const place = {
      organizationId: newId<OrganizationId>(),
      modelId: nextModel++ as ModelId,
      runId: newId<RunId>(),
      epoch: 2,
    };
    const ids = items.map(() => newId());
    const decode = (which: 1 | 2) =>
      linesOf(items.map((item, index) => ({ item_id: ids[index] ?? '', reference: item[0], hypothesis: item[which] })));
    const put = (key: string, content: string) => store.put(key, Readable.from([Buffer.from(content)]));
    const base = await put(baseDecodesKey(place), decode(1));
    const custom = await put(customDecodesKey(place), change.custom ?? decode(2));
    return {
      organization_id: place.organizationId,
      model_id: place.modelId,
      run_id: place.runId,
      epoch: place.epoch,
      language: 'en',
      manifest_key: 'm',
      manifest_sha256: digestOf('m'),
      base_decode_key: baseDecodesKey(place),
      base_decode_sha256: base.sha256,
      custom_decode_key: customDecodesKey(place),
      custom_decode_sha256: custom.sha256,
      evaluated_on: 'held_out',
    };
  };

  const said = (name: 'evaluation.completed.v1' | 'evaluation.failed.v1', runId: string, times = 1) =>
    eventually(() => {
      const all = training.receivedOf(name).filter((one) => one.run_id === runId);
      expect(all).toHaveLength(times);
      return all;
    });
  const metricsOf = async (items: Item[]) => {
    const run = await trainedRun(items);
    await training.publish('training.run-trained.v1', run);
    const [completed] = (await said(
      'evaluation.completed.v1',
      run.run_id,
    )) as EventPayload<'evaluation.completed.v1'>[];
    return completed?.metrics;
  };
  const rowsOf = (runId: string) =>
    database.query<{ items: number; failure: string | null }>(
      'system',
      `SELECT e.failure, count(i.*) AS items FROM evaluation e LEFT JOIN evaluation_item i USING (run_id, epoch)
        WHERE e.run_id = $1 GROUP BY e.run_id, e.epoch`,
      [runId],
    );

  it('weighs every word alike: errors of the whole test set over its words, not the mean of its items', async () => {
    // Base: 1 error in 2 words and 0 in 8; custom: none and 1 in 8.
    const metrics = await metricsOf([
      ['mild cardiomegaly', 'mild cardio', 'mild cardiomegaly'],
      [
        'one two three four five six seven eight',
        'one two three four five six seven eight',
        'one two three four five six seven',
      ],
    ]);
    expect(metrics).toMatchObject({
      base_word_error_rate: 10,
      word_error_rate: 10,
      accuracy_improvement: 0,
      test_words: 10,
    });
  });

  it('does not count writing as an error: capitals, punctuation, numbers in words', async () => {
    const metrics = await metricsOf([['The mass is 12 mm.', 'the mass is fifteen mm', 'the mass is twelve mm']]);
    expect(metrics).toMatchObject({
      word_error_rate: 0,
      base_word_error_rate: 20,
      accuracy_improvement: 100,
      evaluated_on: 'held_out',
    });
  });

  it.each([
    ['half as many errors', ['a b c d', 'a b x y', 'a b c y'], 50],
    ['more errors', ['a b c d', 'a b c y', 'a b x y'], -100],
    ['errors where the base had none', ['a b c d', 'a b c d', 'a b c y'], -100],
    ['no errors on either side', ['a b c d', 'a b c d', 'a b c d'], 0],
  ] as [string, Item, number][])('gives the improvement for %s', async (_, item, improvement) => {
    expect((await metricsOf([item]))?.accuracy_improvement).toBe(improvement);
  });

  it('judges an artifact once, and says its verdict again when asked again', async () => {
    const run = await trainedRun([['a b c d', 'a b x y', 'a b c y']]);
    await training.publish('training.run-trained.v1', run);
    await said('evaluation.completed.v1', run.run_id);
    await store.deletePrefix(`o/${run.organization_id}/m/${String(run.model_id)}/`);
    await training.publish('training.run-trained.v1', run);
    const [first, second] = await said('evaluation.completed.v1', run.run_id, 2);
    expect(second).toEqual(first);
    expect(await rowsOf(run.run_id)).toEqual([{ items: 1, failure: null }]);
  });

  it.each([
    ['no item at all', [], {}, 'no words'],
    ['references without a word', [['...', 'a', 'b']], {}, 'no words'],
    ['a decode that is no JSON', [['a', 'a', 'a']], { custom: 'RIFF' }, 'damaged'],
    [
      'a decode of another test set',
      [['a', 'a', 'a']],
      { custom: linesOf([{ item_id: newId(), reference: 'a', hypothesis: 'a' }]) },
      'damaged',
    ],
  ] as [string, Item[], { custom?: string }, string][])(
    'says why a run with %s cannot be judged',
    async (_, items, change, reason) => {
      const run = await trainedRun(items, change);
      await training.publish('training.run-trained.v1', run);
      const [failed] = (await said('evaluation.failed.v1', run.run_id)) as EventPayload<'evaluation.failed.v1'>[];
      expect(failed?.message).toContain(reason);
      expect(failed?.epoch).toBe(2);
    },
  );

  it('refuses a decode that was changed after it was signed for', async () => {
    const run = await trainedRun([['a b', 'a b', 'a b']]);
    await training.publish('training.run-trained.v1', { ...run, custom_decode_sha256: digestOf('another') });
    await said('evaluation.failed.v1', run.run_id);
  });

  it('evaluates a test set of 10,000 recordings', async () => {
    const items = Array.from({ length: 10_000 }, (_, at): Item => [
      `finding ${String(at)} is stable`,
      'finding is stable',
      `finding ${String(at)} is stable`,
    ]);
    const run = await trainedRun(items);
    await training.publish('training.run-trained.v1', run);
    await eventually(async () => expect(await rowsOf(run.run_id)).toEqual([{ items: 10_000, failure: null }]), {
      timeoutMs: 80_000,
    });
  });

  it('forgets the counts of a deleted pair, and keeps those of the others and the figures', async () => {
    const run = await trainedRun([
      ['a b', 'a c', 'a b'],
      ['d', 'd', 'd'],
    ]);
    await training.publish('training.run-trained.v1', run);
    await said('evaluation.completed.v1', run.run_id);
    const counted = () =>
      database.query<{ item_id: string }>('system', 'SELECT item_id FROM evaluation_item WHERE run_id = $1', [
        run.run_id,
      ]);
    const [gone, kept] = await counted();
    const scope = { organization_id: run.organization_id, model_id: run.model_id };
    await models.publish('models.data-deleted.v1', { ...scope, item_id: gone?.item_id ?? '' });
    await eventually(async () => expect(await counted()).toEqual([kept]));
    expect(await rowsOf(run.run_id)).toMatchObject([{ failure: null }]);
  });

  it('forgets a deleted model, and learns nothing more of it', async () => {
    const run = await trainedRun([['a b', 'a b', 'a b']]);
    const scope = { organization_id: run.organization_id, model_id: run.model_id };
    await training.publish('training.run-trained.v1', run);
    await said('evaluation.completed.v1', run.run_id);
    await models.publish('models.model-deleted.v1', scope);
    await eventually(() => expect(training.receivedOf('evaluation.model-erased.v1')).toContainEqual(scope));
    expect(await rowsOf(run.run_id)).toEqual([]);

    const late = { ...run, run_id: newId() };
    await training.publish('training.run-trained.v1', late);
    await eventually(async () => {
      const [row] = await database.query<{ count: number }>(
        'system',
        `SELECT count(*) AS count FROM inbox WHERE consumer = 'evaluation-runs' AND organization_id = $1`,
        [run.organization_id],
      );
      expect(row?.count).toBe(2);
    });
    expect(await rowsOf(late.run_id)).toEqual([]);
  });

  it('is told once and kept once, or erased with its model, however often and in whatever order its events come', async () => {
    const consumers = [EvaluationsConsumer, ErasuresConsumer].map(
      (type) => app.get<EvaluationsConsumer | ErasuresConsumer>(type, { strict: false }).definition,
    );
    const instances = [database, await testDatabase.open()].map((one) => ({ database: one, consumers }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.integer(), async (starts, isDeleted, seed) => {
        const run = await trainedRun([['mild cardiomegaly', 'mild cardio', 'mild cardiomegaly']]);
        const fields = { organization_id: run.organization_id };
        const epochs = Array.from({ length: starts }, (_, index) => index + 1);
        const events: Event[] = epochs.map((epoch) => anEvent('training.run-trained.v1', { ...run, epoch }, fields));
        if (isDeleted) {
          const scope = { ...fields, model_id: run.model_id };
          events.push(anEvent('models.model-deleted.v1', scope, fields));
        }
        await deliverInDisorder(instances, events, seed);
        const kept = await database.query(
          'system',
          `SELECT e.epoch, count(i.*) AS items FROM evaluation e LEFT JOIN evaluation_item i USING (run_id, epoch)
            WHERE e.run_id = $1 GROUP BY e.epoch ORDER BY e.epoch`,
          [run.run_id],
        );
        expect(kept).toEqual(isDeleted ? [] : epochs.map((epoch) => ({ epoch, items: 1 })));
      }),
      { numRuns: process.env.ATTUNE_DELIVERY === 'whole' ? 1_000 : 100, endOnFailure: true },
    );
  }, 300_000);

  it('is not ready over a NATS that acknowledges before it writes, and says so', async () => {
    const careless = await startTestNats({ durable: false });
    const logger = createLogger('evaluator', 'silent');
    const over = { ...env, natsUrl: careless.url, natsMonitorUrl: careless.monitorUrl };
    const other = await createHttpApp(AppModule.forRoot(over, logger), { logger });
    await other.init();
    const answer = await other.inject({ method: 'GET', url: '/healthz/ready' });
    await other.close();
    await careless.remove();
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      status: 'unavailable',
      checks: { postgres: 'ok', nats: expect.stringContaining('sync_interval must be "always"') as string },
    });
  });
});
