import type { ApiOrganization, CreatedApiKey } from '@attune/contracts';
import { ADMIN_KEY, type Answer, type TestApi } from './test-api';

/** An operator's call. */
export function asAdmin<T>(api: TestApi, method: string, path: string, json?: unknown): Promise<Answer<T>> {
  return api.call<T>(method, path.startsWith('http') ? path : `/admin/v1${path}`, {
    key: ADMIN_KEY,
    ...(json === undefined ? {} : { json }),
  });
}

export async function createOrganization(api: TestApi, fields: object = {}): Promise<ApiOrganization> {
  const answer = await asAdmin<ApiOrganization>(api, 'POST', '/organizations', {
    name: 'Heart clinic',
    plan: 'gold',
    ...fields,
  });
  if (answer.status !== 201) throw new Error(`create organization: ${answer.text}`);
  return answer.body;
}

export async function createKey(api: TestApi, organizationId: string, fields: object = {}): Promise<CreatedApiKey> {
  const answer = await asAdmin<CreatedApiKey>(api, 'POST', `/organizations/${organizationId}/keys`, {
    name: 'Ward 3',
    scopes: ['custom_models:read', 'custom_models:write'],
    ...fields,
  });
  if (answer.status !== 201) throw new Error(`create key: ${answer.text}`);
  return answer.body;
}
