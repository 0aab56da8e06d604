import fc from 'fast-check';
import type { Database, Tx } from '@attune/database';
import type { Event } from '@attune/events';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import {
  anEvent,
  createTestDatabase,
  deliverInDisorder,
  deliverInOrder,
  type ServiceInstance,
  type TestDatabase,
} from '@attune/testing';
import { migrations } from '../migrations/all';
import { METRICS } from '../test-support/test-platform';
import { Trainer, untilWaiting } from '../test-support/trainer-parts';
import type { RunState } from './run';
import { RunsRepository } from './runs.repository';

const digest = `sha256:${'0'.repeat(64)}`;
const delivery = {
  manifestSha256: digest,
  baseDecodesSha256: digest,
  customDecodesSha256: digest,
  evaluatedOn: 'test_set' as const,
};
const CASES = process.env.ATTUNE_DELIVERY === 'whole' ? 1_000 : 150;

describe('the state after the worst delivery is that of one delivery in order', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let instances: ServiceInstance[];
  let nextModel = 1;

  const instanceOn = (one: Database): ServiceInstance => {
    return { database: one, consumers: [new Trainer(one).consumer.definition] };
  };

  beforeAll(async () => {
    testDatabase = await createTestDatabase({ schema: 'training', migrations });
    database = await testDatabase.open();
    instances = [database, await testDatabase.open()].map(instanceOn);
  });
  afterAll(() => testDatabase.drop());

  const aModel = (): { organization_id: OrganizationId; model_id: ModelId } => ({
    organization_id: newId<OrganizationId>(),
    model_id: nextModel++ as ModelId,
  });

  const requestOf = (scope: ReturnType<typeof aModel>, runId: string): Event =>
    anEvent(
      'models.run-requested.v2',
      {
        ...scope,
        run_id: runId,
        snapshot_key: 'k',
        snapshot_sha256: digest,
        base_model: 'general',
        base_digest: digest,
        language: 'en',
        training_ms: 1,
        accelerator: null,
      },
      scope,
    );

  it('for requests of runs, their cancels and the end of their model: every run is queued or cancelled once, and none outlives its model', async () => {
    const ask = fc.array(fc.boolean(), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(ask, fc.boolean(), fc.integer(), async (cancels, isDeleted, seed) => {
        const scope = aModel();
        const ids = cancels.map(() => newId<RunId>()).sort();
        const events = ids.map((id) => requestOf(scope, id));
        const cancelled = ids.filter((_, n) => cancels[n]);
        for (const run_id of cancelled)
          events.push(anEvent('models.run-cancel-requested.v1', { ...scope, run_id }, scope));
        if (isDeleted) events.push(anEvent('models.model-deleted.v1', scope, scope));
        await deliverInDisorder(instances, events, seed);
        const runs = await database.query(
          'system',
          'SELECT id, state, epoch, sequence FROM training_run WHERE model_id = $1 ORDER BY id',
          [scope.model_id],
        );
        const stateOf = (id: RunId): string => (cancelled.includes(id) ? 'cancelled' : 'queued');
        expect(runs).toEqual(isDeleted ? [] : ids.map((id) => ({ id, state: stateOf(id), epoch: 0, sequence: 1 })));
        const early = 'SELECT FROM early_cancellation WHERE model_id = $1';
        expect(await database.query('system', early, [scope.model_id])).toEqual([]);
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  }, 300_000);

  it('for a request that is being committed while its model is erased: the erasure waits and takes the run with it', async () => {
    const scope = aModel();
    const request = requestOf(scope, newId());
    let commit = (): void => undefined;
    const told = new Promise<void>((resolve) => (commit = resolve));
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const [one, two] = instances as [ServiceInstance, ServiceInstance];
    const slow = one.consumers.map((consumer) => ({
      ...consumer,
      prepare: async (...given: Parameters<typeof consumer.prepare>) => {
        const effect = await consumer.prepare(...given);
        return async (tx: Tx): Promise<void> => {
          await effect(tx);
          arrive();
          await told;
        };
      },
    }));
    const requesting = deliverInOrder({ ...one, consumers: slow }, [request]);
    await arrived;
    const erasing = deliverInOrder(two, [anEvent('models.model-deleted.v1', scope, scope)]);
    try {
      await untilWaiting(database, 1);
    } finally {
      commit();
      await Promise.all([requesting, erasing]);
    }
    expect(await database.query('system', 'SELECT FROM training_run WHERE model_id = $1', [scope.model_id])).toEqual(
      [],
    );
  });

  it('for evaluations: the one of the valid epoch ends the run once, one of an epoch that is over changes nothing', async () => {
    const repository = new RunsRepository(database);
    const path: RunState[] = ['preparing', 'training', 'evaluating'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('completed', 'failed'), fc.integer(), async (end, seed) => {
        const scope = aModel();
        const runId = newId<RunId>();
        await deliverInDisorder(instances, [requestOf(scope, runId)], seed);
        let run = await repository.find(runId);
        for (const state of path) {
          const from = run;
          if (from === null) throw new Error('the run is gone');
          run = await database.runInTransaction('system', (tx) =>
            repository.move(tx, from, state, 'test', state === 'preparing' ? { epoch: 2, delivery } : {}),
          );
        }
        const place = { ...scope, run_id: runId };
        const completed = (epoch: number): Event =>
          anEvent('evaluation.completed.v1', { ...place, epoch, metrics: { ...METRICS } }, scope);
        const failed = (epoch: number): Event =>
          anEvent('evaluation.failed.v1', { ...place, epoch, message: 'no words' }, scope);
        const stale = [completed(1), failed(1)];
        await deliverInDisorder(instances, [...stale, end === 'completed' ? completed(2) : failed(2)], seed);
        const told = await database.query<{ name: string }>(
          'system',
          `SELECT event_name AS name FROM outbox WHERE aggregate_id = $1 AND event_name <> 'training.run-progressed.v2'`,
          [runId],
        );
        const [last] = await database.query<{ state: string; ends: number }>(
          'system',
          `SELECT r.state, (SELECT count(*) FROM run_transition WHERE run_id = r.id AND to_state = r.state) AS ends
             FROM training_run r WHERE r.id = $1`,
          [runId],
        );
        const state = end === 'completed' ? 'succeeded' : 'failed';
        expect(last).toEqual({ state, ends: 1 });
        expect(told).toEqual([{ name: `training.run-${state}.v1` }]);
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  }, 300_000);
});
