import { scopes } from '@attune/contracts';
import { routes } from '../../test-support/routes';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('every route answers 403 INSUFFICIENT_SCOPE', () => {
  it.each(routes.map((route) => [route.name, route] as const))(
    '%s: to a key with all other scopes',
    async (_, route) => {
      const key = await api.addKey(
        api.tenant.organizationId,
        scopes.filter((scope) => scope !== route.scope),
      );
      const answer = await api.call(route.method, route.path.replace(':id', '1'), { ...route.body(), key });
      expect([answer.status, answer.body.error_code]).toEqual([403, 'INSUFFICIENT_SCOPE']);
      expect(answer.body.details).toEqual({ required_scope: route.scope });
    },
  );
});
