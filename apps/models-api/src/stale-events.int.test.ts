import type { EventName } from '@attune/events';
import { eventually } from '@attune/testing';
import { staleOf } from './test-support/stale-events';
import { TestApi } from './test-support/test-api';
import { acceptItem, nextUpload, putData, rejectItem, runningModel } from './test-support/uploading';
import { withoutReconciler } from './test-support/without-reconciler';

let api: TestApi;
beforeAll(async () => {
  // Nothing is asked again by itself.
  withoutReconciler();
  api = await TestApi.start();
});
afterAll(() => api.stop());

async function everything(): Promise<unknown> {
  return Promise.all(
    ['organization', 'model', 'data_item', 'run', 'version', 'outbox'].map((table) =>
      api.database.query('system', `SELECT to_jsonb(x) FROM ${table} AS x ORDER BY 1`),
    ),
  );
}

/** Nothing changes, and the metric says that there was something. */
async function isIgnored(event: EventName, deliver: () => Promise<void>): Promise<void> {
  await api.settled();
  // What the service sends itself is marked as sent a little after it was heard.
  await eventually(async () =>
    expect(await api.database.query('system', 'SELECT 1 FROM outbox WHERE sent_at IS NULL')).toEqual([]),
  );
  const [before, counted] = [await everything(), await staleOf(event)];
  await deliver();
  await eventually(async () => expect(await staleOf(event)).toBe(counted + 1));
  expect(await everything()).toEqual(before);
}

describe('a stale event changes nothing and is counted', () => {
  it('training.run-progressed with a lower sequence than the last', async () => {
    const id = await runningModel(api);
    const news = (sequence: number) => ({
      sequence,
      stage: 'training' as const,
      progress: sequence,
      eta_seconds: null,
    });
    await api.progressRun(id, news(8));
    await isIgnored('training.run-progressed.v2', () => api.progressRun(id, news(7)));
    await isIgnored('training.run-progressed.v2', () => api.progressRun(id, news(8)));
    await api.progressRun(id, news(9));
    await api.settled();
    expect((await api.getModel(id)).training_progress).toBe(9);
  });

  it('any news and any end of a run that has ended', async () => {
    const ends = [
      ['training.run-succeeded.v1', (id: number) => api.succeedRun(id)],
      ['training.run-failed.v1', (id: number) => api.failRun(id, 'The audio is silent')],
      ['training.run-cancelled.v1', (id: number) => api.cancelRun(id)],
    ] as const;
    for (const [, end] of ends) {
      const id = await runningModel(api);
      await end(id);
      const news = { sequence: 99, stage: 'training' as const, progress: 99, eta_seconds: null };
      await isIgnored('training.run-progressed.v2', () => api.progressRun(id, news));
      for (const [event, again] of ends) await isIgnored(event, () => again(id));
    }
  });

  it('billing.entitlements-changed of an earlier revision', async () => {
    const { organizationId } = await api.addTenant({ revision: 5 });
    await isIgnored('billing.entitlements-changed.v2', () =>
      api.entitle(organizationId, { revision: 4, plan: 'free' }),
    );
    await isIgnored('billing.entitlements-changed.v2', () =>
      api.entitle(organizationId, { revision: 5, plan: 'free' }),
    );
  });

  it('a verdict on a pair that has one', async () => {
    const { id } = await api.createModel();
    const sending = putData(api, id);
    const uploaded = await nextUpload(api, id);
    await acceptItem(api, uploaded);
    await sending;
    await isIgnored('ingestion.data-rejected.v1', () => rejectItem(api, uploaded));
    await isIgnored('ingestion.data-validated.v1', () => acceptItem(api, uploaded, 1));
  });
});
