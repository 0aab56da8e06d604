import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { dataPath, storedItem } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const remove = (id: number, dataId: string) => api.call('DELETE', dataPath(id, dataId));
const run = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

describe('DELETE /api/v3/custom_models/{id}/data/{data_id} answers 409 MODEL_BUSY', () => {
  it('while a live run uses the item, and not after it; other items may go meanwhile', async () => {
    const { id } = await api.createModel();
    const used = await storedItem(api, id);
    expect((await run(id)).status).toBe(200);
    const later = await storedItem(api, id);
    const refused = await remove(id, used.data_id);
    expect([refused.status, refused.body.error_code]).toEqual([409, 'MODEL_BUSY']);
    expect((await api.storedKeys()).filter((key) => key.includes(`${used.data_id}/`))).toHaveLength(2);
    expect((await remove(id, later.data_id)).status).toBe(204);
    await api.failRun(id, 'no');
    await eventually(async () => expect((await remove(id, used.data_id)).status).toBe(204));
  });

  it('or wins against a run: of both at once, the run has the item or the item is gone', async () => {
    for (let round = 0; round < 8; round++) {
      const { id } = await api.createModel();
      const { data_id } = await storedItem(api, id);
      const [deleted, started] = await Promise.all([remove(id, data_id), run(id)]);
      expect([
        [204, 409],
        [409, 200],
      ]).toContainEqual([deleted.status, started.status]);
    }
  });
});
