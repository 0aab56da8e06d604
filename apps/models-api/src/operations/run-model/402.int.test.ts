import { TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const run = (id: number, key: string) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {}, key });

describe('POST /api/v3/custom_models/{id}/run', () => {
  it('answers 402 PLAN_UPGRADE_REQUIRED for a plan without training, until billing says otherwise', async () => {
    const { organizationId, key } = await api.addTenant({ plan: 'bronze', may_train: false, revision: 5 });
    const id = await trainableModel(api, key);
    const { status, body } = await run(id, key);
    expect([status, body.error_code, body.details]).toEqual([402, 'PLAN_UPGRADE_REQUIRED', { plan: 'bronze' }]);
    await api.entitle(organizationId, { revision: 6 });
    expect((await run(id, key)).status).toBe(200);
  });

  it('ignores news that is older than what is known', async () => {
    const { organizationId, key } = await api.addTenant({ plan: 'free', may_train: false, revision: 7 });
    await api.entitle(organizationId, { revision: 3 });
    await api.entitle(organizationId, { revision: 8, may_train: false, plan: 'silver' });
    const id = await trainableModel(api, key);
    expect((await run(id, key)).body.details).toEqual({ plan: 'silver' });
  });

  it('answers 503 while billing has not spoken of the organization', async () => {
    const { organizationId, key } = await api.addTenant();
    const id = await trainableModel(api, key);
    await api.database.query('system', 'UPDATE organization SET entitlements_revision = 0 WHERE id = $1', [
      organizationId,
    ]);
    const { status, body } = await run(id, key);
    expect([status, body.error_code, body.retry_after]).toEqual([503, 'SERVICE_UNAVAILABLE', 5]);
  });
});
