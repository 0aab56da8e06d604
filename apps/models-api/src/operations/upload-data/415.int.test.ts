import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('PUT /api/v3/custom_models/{id}/data answers 415 UNSUPPORTED_MEDIA_TYPE', () => {
  it.each(['application/json', 'audio/mpeg', 'text/plain'])('for a body of type %s', async (type) => {
    const { id } = await api.createModel();
    const answer = await api.call('PUT', `/api/v3/custom_models/${String(id)}/data`, {
      body: '{}',
      headers: { 'content-type': type },
    });
    expect([answer.status, answer.body.error_code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});
