import { modelRoutes } from '../../test-support/routes';
import { TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

const MISSING = { error: 'Not Found', message: 'Model not found', error_code: 'MODEL_NOT_FOUND', details: {} };

let api: TestApi;
let othersModel: number;
let deletedModel: number;
beforeAll(async () => {
  api = await TestApi.start();
  const other = await api.addTenant();
  othersModel = await trainableModel(api, other.key);
  deletedModel = await trainableModel(api);
  await api.call('DELETE', `/api/v3/custom_models/${String(deletedModel)}`);
});
afterAll(() => api.stop());

const cases = modelRoutes.map((route) => [route.name, route] as const);

describe('every route of a model answers the same 404', () => {
  const callWith = (route: (typeof modelRoutes)[number], id: string) =>
    api.call(route.method, route.path.replace(':id', id), route.body());

  it.each(cases)('%s: for another organization’s model, a deleted one, and one that never was', async (_, route) => {
    for (const id of [othersModel, deletedModel, 999_999_999]) {
      const { status, body } = await callWith(route, String(id));
      expect(status).toBe(404);
      expect(body).toEqual(MISSING);
    }
  });

  it.each(cases)('%s: for what is no number', async (_, route) => {
    for (const id of ['abc', '1e3', '-1', '0', '01', '9007199254740993', '%00', '1;DROP TABLE model']) {
      const { status, body } = await callWith(route, id);
      expect(status).toBe(404);
      expect(body).toEqual(MISSING);
    }
  });

  it('and leaves the other organization’s model untouched', async () => {
    const rows = await api.database.query('system', 'SELECT name, status, deleted_at FROM model WHERE id = $1', [
      othersModel,
    ]);
    expect(rows).toEqual([{ name: 'Heart clinic', status: 2, deleted_at: null }]);
    expect(
      await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [othersModel]),
    ).toHaveLength(1);
    expect((await api.storedKeys()).filter((key) => key.includes(`/m/${String(deletedModel)}/`))).toEqual([]);
  });
});

describe('what is no route answers 404 NOT_FOUND', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/api/v3'],
    ['PATCH', '/api/v3/custom_models/1'],
    ['POST', '/api/v3/custom_models/1/data'],
    ['GET', '/metrics'],
    ['GET', '/api/v3/custom_models/1/../../../etc/passwd'],
  ])('%s %s', async (method, path) => {
    const answer = await api.call(method, path);
    expect([answer.status, answer.body.error_code]).toEqual([404, 'NOT_FOUND']);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

describe('row-level security', () => {
  it('hides another organization’s rows from a transaction that has one, whatever its SQL says', async () => {
    const { organizationId } = api.tenant;
    await api.database.runInTransaction({ organizationId }, async (tx) => {
      expect(await tx.query('SELECT 1 FROM model WHERE id = $1', [othersModel])).toEqual([]);
      expect(await tx.query('SELECT 1 FROM data_item WHERE model_id = $1', [othersModel])).toEqual([]);
      expect(await tx.execute(`UPDATE model SET name = 'taken' WHERE id = $1`, [othersModel])).toBe(0);
    });
  });
});
