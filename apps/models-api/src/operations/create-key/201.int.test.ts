import type { ApiKeyRecord, ErrorBody } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { asAdmin, createKey } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const models = (key: string) => api.call('GET', '/api/v3/custom_models', { key });

describe('POST /admin/v1/organizations/:id/keys answers 201', () => {
  it('with the key, which opens what its scopes say and nothing else', async () => {
    const made = await createKey(api, api.tenant.organizationId, { scopes: ['custom_models:read'] });
    expect(made.key).toMatch(/^attune_[0-9A-Za-z]{46}$/);
    expect([made.prefix, made.last4]).toEqual([made.key.slice(0, 15), made.key.slice(-4)]);
    expect(made).toMatchObject({ name: 'Ward 3', expires_at: null, revoked_at: null, last_used_at: null });
    expect((await models(made.key)).status).toBe(200);
    const write = await api.call('POST', '/api/v3/custom_models', {
      key: made.key,
      json: { name: 'x', language: 'en' },
    });
    expect([write.status, write.body.details]).toEqual([403, { required_scope: 'custom_models:write' }]);
  });

  it('with an expiry at which the key stops to open anything', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const made = await createKey(api, api.tenant.organizationId, { expires_at: inAnHour });
    expect((await models(made.key)).status).toBe(200);
    await api.database.query('system', 'UPDATE api_key SET expires_at = now() WHERE id = $1', [made.id]);
    // What is known of a key is up to a second old.
    await eventually(async () => {
      const expired = await models(made.key);
      expect([expired.status, expired.body.error_code]).toEqual([401, 'INVALID_API_KEY']);
    });
  });

  it('and the key is in no other answer', async () => {
    const { organizationId } = api.tenant;
    const { key } = await createKey(api, organizationId);
    const list = await asAdmin(api, 'GET', `/organizations/${organizationId}/keys?per_page=100`);
    expect(list.text).not.toContain(key.slice(15));
  });
});

describe('GET /admin/v1/organizations/:id/keys answers 200', () => {
  it('with the keys of that organization alone, revoked ones too, and when each was used', async () => {
    const tenant = await api.addTenant();
    const [used, revoked] = [await createKey(api, tenant.organizationId), await createKey(api, tenant.organizationId)];
    await models(used.key);
    await asAdmin(api, 'POST', `/organizations/${tenant.organizationId}/keys/${revoked.id}/revoke`);
    // A use is noted behind its answer.
    await eventually(async () => {
      const { body } = await asAdmin<{ total_results: number; result: ApiKeyRecord[] }>(
        api,
        'GET',
        `/organizations/${tenant.organizationId}/keys`,
      );
      expect(body.total_results).toBe(3);
      expect(body.result.slice(0, 2).map(({ id }) => id)).toEqual([revoked.id, used.id]);
      expect(body.result[0]?.revoked_at).toBeTruthy();
      expect(Date.parse(body.result[1]?.last_used_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
    });
  });
});

describe('POST /admin/v1/organizations/:id/keys answers 400', () => {
  it.each([
    ['no scope', { scopes: [] }, 'scopes'],
    ['a scope that there is not', { scopes: ['admin'] }, 'scopes.0'],
    ['a scope twice', { scopes: ['stt:transcribe', 'stt:transcribe'] }, 'scopes'],
    ['a blank name', { name: ' ' }, 'name'],
    ['an expiry that has passed', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['an expiry that is no time', { expires_at: 'tomorrow' }, 'expires_at'],
    ['a key of the caller’s choice', { key_hash: 'x' }, 'key_hash'],
    ['another organization', { organization_id: '0190a5b0-0000-7000-8000-000000000000' }, 'organization_id'],
  ])('for %s', async (_, fields, field) => {
    const body = { name: 'Ward 3', scopes: ['custom_models:read'], ...fields };
    const path = `/organizations/${api.tenant.organizationId}/keys`;
    const answer = await asAdmin<ErrorBody>(api, 'POST', path, body);
    expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(answer.body.details)).toContain(field);
  });
});
