import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/log answers 503 SERVICE_UNAVAILABLE', () => {
  it('when the trainer does not answer, as JSON even for who asks for text', async () => {
    const { id } = await api.createModel();
    const answer = await api.call('GET', `/api/v3/custom_models/${String(id)}/log`, {
      headers: { accept: 'text/plain' },
    });
    expect([answer.status, answer.body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(answer.headers.get('retry-after')).toBe('5');
  });
});
