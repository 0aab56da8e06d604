import { makeApiKey } from '../../api-keys/api-key';
import { adminRoutes, fillPath } from '../../test-support/routes';
import { ADMIN_KEY, TestApi } from '../../test-support/test-api';

let api: TestApi;
let without: TestApi;
beforeAll(async () => {
  [api, without] = await Promise.all([TestApi.start(), TestApi.start({ adminKey: null })]);
});
afterAll(() => Promise.all([api.stop(), without.stop()]));

const cases = adminRoutes.map((route) => [route.name, route] as const);

describe.each(cases)('%s, for operators only', (_, route) => {
  const call = (on: TestApi, key: string | null) =>
    on.call(
      route.method,
      fillPath(route.path, () => '0190a5b0-0000-7000-8000-000000000000'),
      { ...route.body(), key },
    );

  it('answers 401 to everybody else: without a key, to a customer’s key with every scope, to one that is nearly right', async () => {
    const anonymous = await call(api, null);
    expect([anonymous.status, anonymous.body.error_code]).toEqual([401, 'MISSING_API_KEY']);
    for (const key of [
      api.tenant.key,
      makeApiKey(),
      ADMIN_KEY.slice(0, -1),
      `${ADMIN_KEY}x`,
      ADMIN_KEY.toUpperCase(),
    ]) {
      const { status, body } = await call(api, key);
      expect([status, body.error_code]).toEqual([401, 'INVALID_API_KEY']);
    }
  });

  it('is no route at all where no admin key is set', async () => {
    const nowhere = await without.call('GET', '/nowhere');
    for (const key of [null, ADMIN_KEY, without.tenant.key]) {
      const { status, body } = await call(without, key);
      expect([status, body]).toEqual([404, nowhere.body]);
    }
  });
});

describe('the admin key', () => {
  it('opens no route of customers', async () => {
    const { status, body } = await api.call('GET', '/api/v3/custom_models', { key: ADMIN_KEY });
    expect([status, body.error_code]).toEqual([401, 'INVALID_API_KEY']);
  });
});
