import type { ApiKeyRecord, ApiOrganization, CreatedApiKey } from '@attune/contracts';
import { asAdmin } from '../../test-support/administration';
import { ADMIN_KEY, TestApi, type Answer } from '../../test-support/test-api';
import { Sealer } from '../../platform/sealer';

const SAME = 30;

let api: TestApi;
let urls: string[];
beforeAll(async () => {
  api = await TestApi.start();
  urls = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

const keyed = <T>(
  path: string,
  key: string,
  json?: object,
  url = api.url,
): Promise<Answer<T & { error_code?: string }>> =>
  api.call('POST', `${url}/admin/v1${path}`, {
    key: ADMIN_KEY,
    headers: { 'idempotency-key': key },
    ...(json === undefined ? {} : { json }),
  });

interface KeyRow {
  id: Buffer;
  organization_id: string | null;
  answer: Buffer;
}
const keyRows = () => api.database.query<KeyRow>('system', 'SELECT id, organization_id, answer FROM idempotency_key');

describe('an operator’s request with an Idempotency-Key', () => {
  it('that creates an organization, sent 30 times at once over three instances: one organization', async () => {
    const answers = await Promise.all(
      Array.from({ length: SAME }, (_, n) =>
        keyed<ApiOrganization>('/organizations', 'org-1', { name: 'St. Mary', plan: 'gold' }, urls[n % urls.length]),
      ),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.every(({ status, body }) => status === 409 && body.error_code === 'IDEMPOTENCY_CONFLICT')).toBe(true);
    const rows = await api.database.query<{ id: string }>(
      'system',
      `SELECT id FROM organization WHERE name = 'St. Mary'`,
    );
    expect(rows.map(({ id }) => id)).toEqual([done[0]?.body.id]);
    const again = await keyed('/organizations', 'org-1', { name: 'St. Mary', plan: 'gold' });
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([done[0]?.text, 'true']);
    const other = await keyed('/organizations', 'org-1', { name: 'St. Mary', plan: 'enterprise' });
    expect([other.status, other.body.error_code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('that creates a key is answered with that key again: one key, and it opens the API', async () => {
    const { organizationId } = await api.addTenant();
    const path = `/organizations/${organizationId}/keys`;
    const order = { name: 'Ward 3', scopes: ['custom_models:read'] };
    const first = await keyed<CreatedApiKey>(path, 'key-1', order);
    const again = await keyed<CreatedApiKey>(path, 'key-1', order);
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([201, first.text, 'true']);
    expect((await api.call('GET', '/api/v3/custom_models', { key: again.body.key })).status).toBe(200);
    const keys = await asAdmin<{ total_results: number }>(api, 'GET', path);
    expect(keys.body.total_results).toBe(2);
  });

  it('that revokes a key is answered again', async () => {
    const { organizationId } = await api.addTenant();
    const path = `/organizations/${organizationId}/keys`;
    const { body } = await keyed<CreatedApiKey>(path, 'key-2', { name: 'x', scopes: ['custom_models:read'] });
    const first = await keyed<ApiKeyRecord>(`${path}/${body.id}/revoke`, 'revoke-1');
    expect(first.body.revoked_at).toBeTruthy();
    const again = await keyed(`${path}/${body.id}/revoke`, 'revoke-1');
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
    expect((await api.call('GET', '/api/v3/custom_models', { key: body.key })).body.error_code).toBe('KEY_REVOKED');
  });

  it('leaves nothing of the key in the database that opens without the Idempotency-Key, and no organization sees the row', async () => {
    const { organizationId } = await api.addTenant();
    const before = new Set((await keyRows()).map(({ id }) => id.toString('hex')));
    const order = { name: 'x', scopes: ['custom_models:read'] };
    const { body } = await keyed<CreatedApiKey>(`/organizations/${organizationId}/keys`, 'key-3', order);
    const [row] = (await keyRows()).filter(({ id }) => !before.has(id.toString('hex')));
    if (!row) throw new Error('nothing was kept');
    expect(row.organization_id).toBeNull();
    expect(row.answer.toString('latin1')).not.toContain(body.key.slice(15, 40));
    const opens = (purpose: string): boolean => {
      try {
        return new Sealer(api.env.secretsKey, purpose).open(row.answer, row.id.toString('hex')).includes(body.key);
      } catch {
        return false;
      }
    };
    const purposes = ['idempotency', 'idempotency ', 'idempotency key-1', 'idempotency key-3'];
    expect(purposes.filter(opens)).toEqual(['idempotency key-3']);
    const seen = await api.database.query({ organizationId }, 'SELECT 1 FROM idempotency_key');
    expect(seen).toHaveLength(0);
  });

  it('that is refused keeps its key free', async () => {
    const missing = await keyed('/organizations/0190a5b0-0000-7000-8000-000000000000/keys', 'key-4', {
      name: 'x',
      scopes: ['custom_models:read'],
    });
    expect([missing.status, missing.body.error_code]).toEqual([404, 'ORGANIZATION_NOT_FOUND']);
    const bad = await keyed('/organizations', 'org-2', { name: '', plan: 'gold' });
    expect(bad.status).toBe(400);
    expect((await keyed('/organizations', 'org-2', { name: 'x', plan: 'gold' })).status).toBe(201);
  });
});
