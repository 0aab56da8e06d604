import { adminRoutes, fillPath, routes } from '../../test-support/routes';
import { ADMIN_KEY, TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const keyedRoutes = [...routes, ...adminRoutes].filter(({ method }) => method === 'POST' || method === 'PUT');

describe('an Idempotency-Key that is none is 400 VALIDATION_ERROR', () => {
  it.each(keyedRoutes.map((route) => [route.id, route] as const))('%s: longer than 255', async (_, route) => {
    const answer = await api.call(
      route.method,
      fillPath(route.path, () => 1),
      {
        ...route.body(),
        key: route.path.startsWith('/admin/') ? ADMIN_KEY : api.tenant.key,
        headers: { 'idempotency-key': 'k'.repeat(256) },
      },
    );
    expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(answer.body.details)).toEqual(['Idempotency-Key']);
  });

  it.each([
    ['empty', ''],
    ['beyond ASCII', 'sch\u00fcssel'],
    ['a tab inside', 'a\tb'],
  ])('%s', async (_, key) => {
    const answer = await api.call('POST', '/api/v3/custom_models', {
      json: { name: 'x', language: 'en' },
      headers: { 'idempotency-key': key },
    });
    expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(await api.database.query('system', 'SELECT 1 FROM model')).toHaveLength(0);
  });

  it('but one of 255 characters is good, and one on a GET is left alone', async () => {
    const create = { json: { name: 'x', language: 'en' }, headers: { 'idempotency-key': 'k'.repeat(255) } };
    expect((await api.call('POST', '/api/v3/custom_models', create)).status).toBe(201);
    const headers = { 'idempotency-key': 'k'.repeat(256) };
    expect((await api.call('GET', '/api/v3/custom_models', { headers })).status).toBe(200);
  });
});
