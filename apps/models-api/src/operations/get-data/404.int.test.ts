import { newId } from '@attune/kernel';
import { routes } from '../../test-support/routes';
import { TestApi } from '../../test-support/test-api';
import { dataPath, storedItem } from '../../test-support/uploading';

const MISSING = { error: 'Not Found', message: 'Data item not found', error_code: 'DATA_NOT_FOUND', details: {} };

let api: TestApi;
let id: number;
let otherModel: number;
let ofOtherModel: string;
let deleted: string;
beforeAll(async () => {
  api = await TestApi.start();
  ({ id } = await api.createModel());
  otherModel = (await api.createModel()).id;
  ofOtherModel = (await storedItem(api, otherModel)).data_id;
  deleted = (await storedItem(api, id)).data_id;
  await api.call('DELETE', dataPath(id, deleted));
});
afterAll(() => api.stop());

const itemRoutes = routes.filter(({ path }) => path.includes(':data_id')).map((route) => [route.name, route] as const);

describe('every route of a data item answers the same 404', () => {
  it.each(itemRoutes)(
    '%s: for another model’s item, a deleted one, one that never was, and what is no id',
    async (_, route) => {
      for (const dataId of [ofOtherModel, deleted, newId(), 'abc', '1', '%00', 'summary2', '..%2f..%2fetc']) {
        const path = route.path.replace(':id', String(id)).replace(':data_id', dataId);
        const { status, body } = await api.call(route.method, path, route.body());
        expect([status, body]).toEqual([404, MISSING]);
      }
    },
  );

  it.each(itemRoutes)('%s: MODEL_NOT_FOUND when the model is another organization’s', async (_, route) => {
    const other = await api.addTenant();
    const path = route.path.replace(':id', String(otherModel)).replace(':data_id', ofOtherModel);
    const { status, body } = await api.call(route.method, path, { ...route.body(), key: other.key });
    expect([status, body.error_code]).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it('and leaves the other model’s item untouched', async () => {
    const { status, body } = await api.call<object>('GET', dataPath(otherModel, ofOtherModel));
    expect([status, body]).toMatchObject([200, { data_id: ofOtherModel, type: 'train', item_status: 'ok' }]);
  });
});
