import { TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /api/v3/custom_models/{id}/run answers 400', () => {
  it('INSUFFICIENT_DATA below the plan’s least training audio, in hours', async () => {
    const { key } = await api.addTenant({ minimum_training_ms: 18_000_000 });
    const id = await trainableModel(api, key);
    const { status, body } = await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {}, key });
    expect([status, body.error_code]).toEqual([400, 'INSUFFICIENT_DATA']);
    expect(body.details).toEqual({ hours_required: 5, hours_available: 0.025 });
    expect((await api.getModel(id, key)).training_status).toBe(2);
    expect((await api.storedKeys()).filter((key) => key.includes('/runs/'))).toEqual([]);
  });

  it('VALIDATION_ERROR for a body with fields', async () => {
    const id = await trainableModel(api);
    const { body } = await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: { epochs: 3 } });
    expect([body.error_code, Object.keys(body.details)]).toEqual(['VALIDATION_ERROR', ['epochs']]);
  });
});
