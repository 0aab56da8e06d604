import type { ApiOrganization } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { asAdmin, createKey, createOrganization } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /admin/v1/organizations answers 201', () => {
  it('with what the organization may do, as billing agreed to it', async () => {
    const made = await createOrganization(api, {
      name: 'St. Mary’s',
      limits: { models: 9, requests_per_day: null },
      minimum_training_seconds: 90,
    });
    expect(made).toMatchObject({
      name: 'St. Mary’s',
      plan: 'gold',
      may_train: true,
      minimum_training_seconds: 90,
      limit_overrides: { models: 9, requests_per_day: null },
    });
    expect(made.limits).toMatchObject({ models: 9, live_runs: 2 });
    const found = await asAdmin<ApiOrganization>(api, 'GET', `/organizations/${made.id}`);
    expect([found.status, found.body]).toEqual([200, made]);
  });

  it('for an organization that can work at once with a key', async () => {
    const { id } = await createOrganization(api);
    const { key } = await createKey(api, id);
    expect((await api.createModel({}, key)).training_status).toBe(1);
  });

  it('and announces it like every other new organization', async () => {
    const { id } = await createOrganization(api, { plan: 'free', limits: { models: 1 } });
    await eventually(() => {
      const said = api.sent('models.organization-created.v2').filter(({ data }) => data.organization_id === id);
      expect(said.map(({ data }) => data)).toEqual([
        { organization_id: id, plan: 'free', minimum_training_ms: null, limits: { models: 1 } },
      ]);
    });
  });
});
