import { newId } from '@attune/kernel';
import { TestApi } from '../../test-support/test-api';
import { runningModel, trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/runs/{run_id} answers 404 RUN_NOT_FOUND', () => {
  it('for what was never a run, a run of another model, and what is no id', async () => {
    const id = await trainableModel(api);
    const other = await runningModel(api);
    for (const runId of [newId(), (await api.lastRun(other)).id, '1', "1'--"]) {
      const { status, body } = await api.call('GET', `/api/v3/custom_models/${String(id)}/runs/${runId}`);
      expect([status, body.error_code]).toEqual([404, 'RUN_NOT_FOUND']);
    }
  });
});
