import type { ApiModel } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const update = (id: number, json: unknown) =>
  api.call<ApiModel>('POST', `/api/v3/custom_models/${String(id)}`, { json });

describe('POST /api/v3/custom_models/{id} answers 200', () => {
  it('and changes what is named, and nothing else', async () => {
    const { id } = await api.createModel({ description: 'before' });
    expect((await update(id, { name: 'New name' })).body).toMatchObject({ name: 'New name', description: 'before' });
    expect((await update(id, { description: 'after' })).body).toMatchObject({ name: 'New name', description: 'after' });
    expect((await update(id, { description: null })).body).toMatchObject({ name: 'New name', description: null });
    expect((await api.getModel(id)).name).toBe('New name');
  });
});
