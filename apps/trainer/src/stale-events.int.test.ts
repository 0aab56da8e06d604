import type { Database } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { register } from '@attune/observability';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from './migrations/all';
import { RunsRepository } from './runs/runs.repository';
import { LiveRunLimitsService } from './starts/live-run-limits.service';
import { QueueRepository } from './starts/queue.repository';
import { METRICS } from './test-support/test-platform';
import { Trainer } from './test-support/trainer-parts';

let testDatabase: TestDatabase;
let database: Database;
let trainer: Trainer;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  trainer = new Trainer(database);
});
afterAll(() => testDatabase.drop());

async function staleOf(event: string): Promise<number> {
  const counter = (await register.getSingleMetric('attune_events_stale_total')?.get()) as
    { values: { value: number; labels: { event?: string } }[] } | undefined;
  return counter?.values.find(({ labels }) => labels.event === event)?.value ?? 0;
}

async function everything(): Promise<unknown> {
  return Promise.all(
    ['training_run', 'run_transition', 'run_event', 'organization', 'outbox'].map((table) =>
      database.query('system', `SELECT to_jsonb(x) FROM ${table} AS x ORDER BY 1`),
    ),
  );
}

/** Nothing changes, and the metric says that there was something. */
async function isIgnored(event: string, deliver: () => Promise<unknown>): Promise<void> {
  const [before, counted] = [await everything(), await staleOf(event)];
  await deliver();
  expect(await everything()).toEqual(before);
  expect(await staleOf(event)).toBe(counted + 1);
}

describe('a stale event changes nothing and is counted', () => {
  const aPlace = () => ({
    organizationId: newId<OrganizationId>(),
    modelId: (Date.now() + Math.floor(Math.random() * 1e6)) as ModelId,
    runId: newId<RunId>(),
  });

  async function trained() {
    const place = aPlace();
    await trainer.request(place);
    await trainer.start(place.runId);
    await trainer.claim(place.runId);
    await trainer.report(place.runId, 'training');
    return place;
  }

  it('evaluation.completed of an earlier epoch', async () => {
    const place = await trained();
    await trainer.giveUp(place.runId, 'interrupted');
    await trainer.start(place.runId);
    await trainer.claim(place.runId);
    await trainer.report(place.runId, 'training');
    await trainer.deliver(place.runId);
    await isIgnored('evaluation.completed.v1', () => trainer.evaluated(place, METRICS, 1));
    await isIgnored('evaluation.failed.v1', () => trainer.evaluationFailed(place, 1));
    await trainer.evaluated(place, METRICS);
    expect(await trainer.stateOf(place.runId)).toBe('succeeded');
  });

  it('evaluation.completed and evaluation.failed of a run that has ended', async () => {
    const place = await trained();
    await trainer.deliver(place.runId);
    await trainer.cancel(place);
    expect(await trainer.stateOf(place.runId)).toBe('cancelled');
    await isIgnored('evaluation.completed.v1', () => trainer.evaluated(place, METRICS));
    await isIgnored('evaluation.failed.v1', () => trainer.evaluationFailed(place));
  });

  it('billing.entitlements-changed of an earlier revision', async () => {
    const limits = new LiveRunLimitsService(new QueueRepository(database), new RunsRepository(database));
    const id = newId<OrganizationId>();
    const apply = (liveRuns: number, revision: number) =>
      database.runInTransaction('system', (tx) => limits.apply(tx, id, { plan: 'gold', liveRuns, revision }));
    await apply(10, 2);
    await isIgnored('billing.entitlements-changed.v2', () => apply(2, 1));
    await isIgnored('billing.entitlements-changed.v2', () => apply(10, 2));
  });
});
