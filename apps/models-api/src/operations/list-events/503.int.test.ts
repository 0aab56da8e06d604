import { TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/events answers 503 SERVICE_UNAVAILABLE', () => {
  it('when the trainer does not answer', async () => {
    const id = await runningModel(api);
    const { status, body } = await api.call('GET', `/api/v3/custom_models/${String(id)}/events`);
    expect([status, body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  });
});
