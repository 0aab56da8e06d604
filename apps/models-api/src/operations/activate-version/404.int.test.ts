import { TestApi } from '../../test-support/test-api';
import { trainAgain } from '../../test-support/training';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /api/v3/custom_models/{id}/versions/{number}/activate answers 404 NOT_FOUND', () => {
  it('for a number that no version of this model has, and changes nothing', async () => {
    const id = await trainableModel(api);
    await trainAgain(api, id);
    const before = await api.getModel(id);
    for (const number of ['2', '0', '-1', 'x', '01', '99999999999999999999']) {
      const path = `/api/v3/custom_models/${String(id)}/versions/${number}/activate`;
      const { status, body } = await api.call('POST', path, { json: {} });
      expect([status, body.error_code]).toEqual([404, 'NOT_FOUND']);
    }
    expect(await api.getModel(id)).toEqual(before);
  });
});
