import { newId } from '@attune/kernel';
import { createKey } from '../../test-support/administration';
import { adminRoutes, fillPath } from '../../test-support/routes';
import { ADMIN_KEY, TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const of = (parameter: string) =>
  adminRoutes.filter(({ path }) => path.includes(`:${parameter}`)).map((route) => [route.name, route] as const);
const bad = ['x', '0', '%00', "' OR true --", '00000000-0000-0000-0000-000000000000'];

describe('every route of an organization', () => {
  it.each(of('organization_id'))(
    '%s: answers 404 ORGANIZATION_NOT_FOUND for one that there is not',
    async (_, route) => {
      for (const id of [newId(), ...bad]) {
        const path = fillPath(route.path, () => encodeURIComponent(decodeURIComponent(id)));
        const { status, body } = await api.call(route.method, path, { ...route.body(), key: ADMIN_KEY });
        expect([status, body.error_code]).toEqual([404, 'ORGANIZATION_NOT_FOUND']);
      }
    },
  );
});

describe('every route of a key', () => {
  it.each(of('key_id'))(
    '%s: answers 404 API_KEY_NOT_FOUND, also for a key of another organization',
    async (_, route) => {
      const other = await api.addTenant();
      const { id: theirs } = await createKey(api, other.organizationId);
      for (const id of [theirs, newId(), 'x']) {
        const path = fillPath(route.path, (name) => (name === 'key_id' ? id : api.tenant.organizationId));
        const { status, body } = await api.call(route.method, path, { ...route.body(), key: ADMIN_KEY });
        expect([status, body.error_code]).toEqual([404, 'API_KEY_NOT_FOUND']);
      }
      expect((await api.call('GET', '/api/v3/custom_models', { key: other.key })).status).toBe(200);
    },
  );
});
