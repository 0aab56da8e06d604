import fc from 'fast-check';
import type { ApiModel } from '@attune/contracts';
import type { Event, EventPayload } from '@attune/events';
import { toNamedLimits, unlimited, type ModelId } from '@attune/kernel';
import { anEvent, deliverInDisorder, deliverInOrder, type ServiceInstance } from '@attune/testing';
import { OrganizationsConsumer } from './organizations/organizations.consumer';
import { RunsConsumer, VersionsConsumer } from './runs/runs.consumer';
import { BASE_DIGEST, someMetrics, TestApi } from './test-support/test-api';
import { runningModel } from './test-support/uploading';

type Progress = Pick<EventPayload<'training.run-progressed.v2'>, 'stage' | 'stage_detail' | 'progress' | 'eta_seconds'>;
interface Story {
  news: Progress[];
  end: 'succeeded' | 'failed' | 'goes on';
}

const stages = ['queued', 'provisioning', 'preparing', 'training', 'evaluating', 'finalizing'] as const;
const stories = fc.record<Story>({
  news: fc.array(
    fc.record({
      stage: fc.constantFrom(...stages),
      stage_detail: fc.option(fc.constantFrom('a machine', 'its image')),
      progress: fc.integer({ min: 0, max: 99 }),
      eta_seconds: fc.option(fc.nat(10_000)),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  end: fc.constantFrom('succeeded', 'failed', 'goes on'),
});

const CASES = process.env.ATTUNE_DELIVERY === 'whole' ? 1_000 : 25;

describe('the state after the worst delivery is that of one delivery in order', () => {
  let api: TestApi;
  let instances: ServiceInstance[];

  beforeAll(async () => {
    api = await TestApi.start();
    const consumers = [RunsConsumer, VersionsConsumer, OrganizationsConsumer].map(
      (type) =>
        api.app.get<RunsConsumer | VersionsConsumer | OrganizationsConsumer>(type, { strict: false }).definition,
    );
    instances = [api.database, await api.testDatabase.open()].map((database) => ({ database, consumers }));
  });
  afterAll(() => api.stop());

  /** What the trainer says of the model's live run, from its first news to its end. */
  const eventsOf = async (modelId: number, { news, end }: Story): Promise<Event[]> => {
    // Of a run that is told in order, progress never falls.
    const progress = news.map((one) => one.progress).sort((a, b) => a - b);
    const run = await api.lastRun(modelId);
    const fields = { organization_id: run.organizationId };
    const scope = { ...fields, model_id: modelId, run_id: run.id };
    const events: Event[] = news.map((one, sequence) =>
      anEvent('training.run-progressed.v2', { ...scope, sequence, ...one, progress: progress[sequence] ?? 0 }, fields),
    );
    if (end === 'failed')
      events.push(anEvent('training.run-failed.v1', { ...scope, failure: { kind: 'data', message: 'empty' } }, fields));
    if (end === 'succeeded') {
      const manifest = await api.storeManifest({ ...run, modelId: modelId as ModelId, runId: run.id, epoch: 1 });
      const succeeded = {
        ...scope,
        epoch: 1,
        base_digest: BASE_DIGEST,
        manifest_key: manifest.key,
        manifest_sha256: manifest.sha256,
        snapshot_key: run.snapshotKey,
        snapshot_sha256: run.snapshotSha256,
        training_ms: 90_000,
        metrics: someMetrics,
      };
      events.push(anEvent('training.run-succeeded.v1', succeeded, fields));
    }
    return events;
  };

  /** What a client sees of the model, without what differs from one model to the next; and what lies behind it. */
  const stateOf = async (modelId: number): Promise<object> => {
    const model: Partial<ApiModel> = await api.getModel(modelId);
    const seen = Object.entries(model).filter(([field]) => !/^(id|model_key)$|_at$/.test(field));
    const runs = await api.database.query(
      'system',
      `SELECT state, failure, CASE WHEN state = 'live' THEN (sequence, stage, progress, eta_seconds)::text END AS live
         FROM run WHERE model_id = $1`,
      [modelId],
    );
    const versions = await api.database.query(
      'system',
      'SELECT metrics, training_ms FROM version WHERE model_id = $1',
      [modelId],
    );
    return { ...Object.fromEntries(seen), runs, versions };
  };

  it('for the news of a run and its end, come they in any order, repeatedly, to two instances', async () => {
    await fc.assert(
      fc.asyncProperty(stories, fc.integer(), async (story, seed) => {
        const [calm, stormy] = [await runningModel(api), await runningModel(api)];
        await deliverInOrder(instances[0] as ServiceInstance, await eventsOf(calm, story));
        await deliverInDisorder(instances, await eventsOf(stormy, story), seed);
        expect(await stateOf(stormy)).toEqual(await stateOf(calm));
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  }, 600_000);

  it('for what billing says an organization may do: the newest of its revisions stands', async () => {
    const plans = fc.array(fc.constantFrom('free', 'silver', 'gold', 'enterprise'), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(plans, fc.integer(), async (said, seed) => {
        const { organizationId } = await api.addTenant(null);
        const events = said.map((plan, index) =>
          anEvent(
            'billing.entitlements-changed.v2',
            {
              organization_id: organizationId,
              plan,
              may_train: plan === 'gold',
              minimum_training_ms: index,
              limits: toNamedLimits(unlimited),
              limit_overrides: {},
              revision: index + 1,
            },
            { organization_id: organizationId },
          ),
        );
        await deliverInDisorder(instances, events, seed);
        const [row] = await api.database.query<{ plan: string; revision: number }>(
          'system',
          'SELECT plan, entitlements_revision AS revision FROM organization WHERE id = $1',
          [organizationId],
        );
        expect(row).toEqual({ plan: said.at(-1), revision: said.length });
      }),
      { numRuns: 500, endOnFailure: true },
    );
  }, 600_000);
});
