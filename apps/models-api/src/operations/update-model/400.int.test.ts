import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /api/v3/custom_models/{id} answers 400', () => {
  it.each([
    ['language', { name: 'x', language: 'de' }],
    ['base_model', { name: 'x', base_model: 'medical' }],
    ['id', { name: 'x', id: 7 }],
    ['training_status', { name: 'x', training_status: 4 }],
    ['body', {}],
    ['name', { name: '' }],
  ])('with the reason for %s, and changes nothing', async (field, json) => {
    const model = await api.createModel();
    const { status, body } = await api.call('POST', `/api/v3/custom_models/${String(model.id)}`, { json });
    expect(status).toBe(400);
    expect(body.error_code).toBe('VALIDATION_ERROR');
    expect(Object.keys(body.details)).toEqual([field]);
    expect(await api.getModel(model.id)).toEqual(model);
  });
});
