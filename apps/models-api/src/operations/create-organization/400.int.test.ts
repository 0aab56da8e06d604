import type { ErrorBody } from '@attune/contracts';
import { asAdmin } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const good = { name: 'Heart clinic', plan: 'gold' };

describe('POST /admin/v1/organizations answers 400 and makes nothing', () => {
  it.each([
    ['no name', { plan: 'gold' }, 'name'],
    ['a blank name', { ...good, name: '  ' }, 'name'],
    ['a plan that is not sold', { ...good, plan: 'platinum' }, 'plan'],
    ['a limit that there is not', { ...good, limits: { cats: 1 } }, 'limits.cats'],
    ['a negative limit', { ...good, limits: { models: -1 } }, 'limits.models'],
    ['a limit that is no whole number', { ...good, limits: { models: 1.5 } }, 'limits.models'],
    ['a negative minimum', { ...good, minimum_training_seconds: -1 }, 'minimum_training_seconds'],
    ['an id of the caller’s choice', { ...good, id: '0190a5b0-0000-7000-8000-000000000000' }, 'id'],
    ['a revision', { ...good, entitlements_revision: 9 }, 'entitlements_revision'],
  ])('for %s', async (_, body, field) => {
    const { status, body: error } = await asAdmin<ErrorBody>(api, 'POST', '/organizations', body);
    expect([status, error.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(error.details)).toContain(field);
    expect(api.billing.asked).toBe(0);
    // The test's own tenant is the only one.
    expect(await api.database.query('system', 'SELECT FROM organization')).toHaveLength(1);
  });
});
