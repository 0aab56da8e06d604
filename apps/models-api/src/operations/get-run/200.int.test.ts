import type { ApiRun } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/runs/{run_id} answers 200', () => {
  it('with the run as the list has it, while the trainer does not answer either', async () => {
    const id = await runningModel(api);
    const runs = `/api/v3/custom_models/${String(id)}/runs`;
    const { body } = await api.call<{ result: ApiRun[] }>('GET', runs);
    const answer = await api.call<ApiRun>('GET', `${runs}/${body.result[0]?.id ?? ''}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(body.result[0]);
  });
});
