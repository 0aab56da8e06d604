import { ModelErasureService } from '../../models/model-erasure.service';
import { staleOf } from '../../test-support/stale-events';
import { TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

/** bench/invariants asks for five hundred. */
const RACES = Number(process.env['ATTUNE_TEST_RACES'] ?? 20);

let api: TestApi;
let replica: string;
beforeAll(async () => {
  api = await TestApi.start();
  replica = await api.addReplica();
});
afterAll(() => api.stop());

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const path = (id: number, rest = '') => `${replica}/api/v3/custom_models/${String(id)}${rest}`;

/** Tries until the model is gone, as often as it is busy. */
async function deleted(id: number): Promise<void> {
  for (;;) {
    const { status } = await api.call('DELETE', path(id));
    if (status === 204) return;
    expect(status).toBe(409);
    await nap(5);
  }
}

/** Ends that came after another one, or after the model: of two, one. */
async function endsTooLate(): Promise<number> {
  return (await staleOf('training.run-succeeded.v1')) + (await staleOf('training.run-cancelled.v1'));
}

describe('DELETE /api/v3/custom_models/{id} against the end of its run', () => {
  it(
    'waits for one end, whichever comes first, and leaves no object and no row of the model',
    async () => {
      for (let n = 0; n < RACES; n += 1) {
        const id = await runningModel(api);
        const run = await api.lastRun(id);
        const succeed = await api.preparedSuccess(id);
        const scope = { organization_id: run.organizationId, model_id: id, run_id: run.id };
        const cancel = () => api.publish(run.organizationId, 'training.run-cancelled.v1', scope);
        const before = await endsTooLate();
        await Promise.all([
          nap(Math.random() * 50).then(succeed),
          nap(Math.random() * 50).then(cancel),
          nap(Math.random() * 50).then(() => deleted(id)),
        ]);
        await api.settled();
        expect(await endsTooLate()).toBe(before + 1);
        const model = { organization_id: run.organizationId, model_id: id };
        for (const service of ['ingestion', 'training', 'evaluation', 'billing'] as const)
          await api.publish(run.organizationId, `${service}.model-erased.v1`, model);
        await api.settled();
        await api.app.get(ModelErasureService).continueErasures(60, new AbortController().signal);
        expect(await api.storedKeys(`o/${run.organizationId}/m/${String(id)}/`)).toEqual([]);
        for (const table of ['run', 'version', 'data_item']) {
          expect(await api.database.query('system', `SELECT FROM ${table} WHERE model_id = $1`, [id])).toEqual([]);
        }
      }
    },
    60_000 + RACES * 10_000,
  );
});
