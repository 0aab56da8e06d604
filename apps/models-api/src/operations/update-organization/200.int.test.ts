import type { ApiOrganization, ErrorBody } from '@attune/contracts';
import type { OrganizationId } from '@attune/kernel';
import { asAdmin, createKey, createOrganization } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const update = (id: string, change: object) => asAdmin<ApiOrganization>(api, 'PATCH', `/organizations/${id}`, change);

describe('PATCH /admin/v1/organizations/:id answers 200', () => {
  it('with the plan that holds, which every instance goes by from then on', async () => {
    const replica = await api.addReplica();
    const { id } = await createOrganization(api, { plan: 'enterprise', minimum_training_seconds: 60 });
    const { key } = await createKey(api, id);
    const model = await trainableModel(api, key);
    const runs = [api.url, replica].map((url) => `${url}/api/v3/custom_models/${String(model)}/run`);
    const run = (url: string) => api.call('POST', url, { key, json: {} });
    const down = await update(id, { plan: 'free' });
    expect([down.status, down.body.plan, down.body.may_train]).toEqual([200, 'free', false]);
    for (const url of runs) {
      const refused = await run(url);
      expect([refused.status, refused.body.error_code]).toEqual([402, 'PLAN_UPGRADE_REQUIRED']);
    }
    expect((await update(id, { plan: 'gold' })).body).toMatchObject({ plan: 'gold', may_train: true });
    expect((await run(runs[1] ?? '')).status).toBe(200);
  });

  it('changes what is named and nothing else, and replaces limits as a whole', async () => {
    const made = await createOrganization(api, { limits: { models: 9 }, minimum_training_seconds: 90 });
    const named = await update(made.id, { name: 'Lung clinic' });
    expect(named.body).toEqual({ ...made, name: 'Lung clinic' });
    const limited = await update(made.id, { limits: { live_runs: 4, data_uploads_per_hour: null } });
    expect(limited.body.limit_overrides).toEqual({ live_runs: 4, data_uploads_per_hour: null });
    expect(limited.body.limits).toMatchObject({ models: 5, live_runs: 4, data_uploads_per_hour: null });
    expect(limited.body.minimum_training_seconds).toBe(90);
    const plain = await update(made.id, { limits: {}, minimum_training_seconds: null });
    expect(plain.body).toMatchObject({ limit_overrides: {}, minimum_training_seconds: 18_000 });
  });

  it('does not ask billing about a name', async () => {
    const { id } = await createOrganization(api);
    const asked = api.billing.asked;
    await update(id, { name: 'Lung clinic' });
    expect(api.billing.asked).toBe(asked);
  });

  it('keeps newer news when an older answer comes late', async () => {
    const { id } = await createOrganization(api);
    await api.entitle(id as OrganizationId, { plan: 'silver', revision: 50 });
    expect((await update(id, { plan: 'gold' })).body.plan).toBe('silver');
  });
});

describe('PATCH /admin/v1/organizations/:id refuses', () => {
  it('400 for a change of nothing, or of what cannot be changed', async () => {
    const { id } = await createOrganization(api);
    for (const change of [{}, { id }, { created_at: 'now' }, { bootstrap: true }]) {
      const { status, body } = await asAdmin<ErrorBody>(api, 'PATCH', `/organizations/${id}`, change);
      expect([status, body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    }
  });

  it('503 without billing, and then changes no name either', async () => {
    const made = await createOrganization(api);
    await api.billing.stop();
    const { status } = await update(made.id, { name: 'Lung clinic', plan: 'free' });
    expect(status).toBe(503);
    expect((await asAdmin(api, 'GET', `/organizations/${made.id}`)).body).toEqual(made);
  });
});
