import type { ErrorBody } from '@attune/contracts';
import { asAdmin } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /admin/v1/organizations answers 503', () => {
  it('when billing does not answer, and makes nothing', async () => {
    await api.billing.stop();
    const answer = await asAdmin<ErrorBody>(api, 'POST', '/organizations', { name: 'Heart clinic', plan: 'gold' });
    expect([answer.status, answer.body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(await api.database.query('system', 'SELECT FROM organization')).toHaveLength(1);
  });
});
