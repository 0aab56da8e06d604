import type { ApiKeyRecord } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { asAdmin, createKey } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

const REVOKED_EVERYWHERE_MS = 1_000;

let api: TestApi;
let instances: string[];
beforeAll(async () => {
  api = await TestApi.start();
  instances = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

const revoke = (id: string) =>
  asAdmin<ApiKeyRecord>(api, 'POST', `/organizations/${api.tenant.organizationId}/keys/${id}/revoke`);

describe('POST /admin/v1/organizations/:id/keys/:key_id/revoke answers 200', () => {
  it('and under load no instance of three accepts the key a second later', async () => {
    const { id, key } = await createKey(api, api.tenant.organizationId);
    const uses: { sentAt: number; status: number; code: string }[] = [];
    let done = false;
    const use = async (url: string): Promise<void> => {
      while (!done) {
        const sentAt = performance.now();
        const answer = await api.call('GET', `${url}/api/v3/custom_models`, { key });
        uses.push({ sentAt, status: answer.status, code: answer.body.error_code });
      }
    };
    const load = instances.flatMap((url) => [use(url), use(url)]);
    const usedBy = (accepted: boolean) => uses.filter(({ status }) => (status === 200) === accepted).length;
    let revokedAt = 0;
    try {
      await eventually(() => expect(usedBy(true)).toBeGreaterThan(10));
      expect((await revoke(id)).status).toBe(200);
      revokedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, REVOKED_EVERYWHERE_MS + 1_000));
      await eventually(() => expect(usedBy(false)).toBeGreaterThan(10));
    } finally {
      done = true;
      await Promise.all(load);
    }
    const accepted = uses.filter(({ status }) => status === 200).map(({ sentAt }) => sentAt - revokedAt);
    const refused = uses.filter(({ status }) => status !== 200);
    expect(Math.max(...accepted)).toBeLessThanOrEqual(REVOKED_EVERYWHERE_MS);
    expect(new Set(refused.map(({ status, code }) => `${String(status)} ${code}`))).toEqual(
      new Set(['401 KEY_REVOKED']),
    );
  });

  it('at once on the instance that was asked', async () => {
    const { id, key } = await createKey(api, api.tenant.organizationId);
    expect((await api.call('GET', '/api/v3/custom_models', { key })).status).toBe(200);
    await revoke(id);
    expect((await api.call('GET', '/api/v3/custom_models', { key })).body.error_code).toBe('KEY_REVOKED');
  });

  it('again and again, with the time of the first', async () => {
    const { id } = await createKey(api, api.tenant.organizationId);
    const first = await revoke(id);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await revoke(id)).body).toEqual(first.body);
  });
});
