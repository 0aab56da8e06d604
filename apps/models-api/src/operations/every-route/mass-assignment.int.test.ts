import { createKey, createOrganization } from '../../test-support/administration';
import { adminRoutes, fillPath, routes } from '../../test-support/routes';
import { ADMIN_KEY, TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

/** Written by every use of a key whatever becomes of the call, and by the relay whenever it comes round. */
const UNRELATED = ['last_used_at', 'sent_at'];
const poisons = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

let api: TestApi;
let columns: string[];
let modelId: number;
let organizationId: string;
let keyId: string;
beforeAll(async () => {
  api = await TestApi.start();
  modelId = await trainableModel(api);
  organizationId = (await createOrganization(api)).id;
  keyId = (await createKey(api, organizationId)).id;
  const rows = await api.database.query<{ name: string }>(
    'system',
    `SELECT DISTINCT column_name AS name FROM information_schema.columns WHERE table_schema = 'models' ORDER BY 1`,
  );
  columns = rows.map(({ name }) => name);
});
afterAll(() => api.stop());

/** Everything in the schema as one text per table. */
async function dump(): Promise<Map<string, string>> {
  const tables = await api.database.query<{ name: string }>(
    'system',
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'models' ORDER BY 1`,
  );
  const dumps = new Map<string, string>();
  for (const { name } of tables) {
    const without = UNRELATED.map((column) => `- '${column}'`).join(' ');
    const [row] = await api.database.query<{ rows: string }>(
      'system',
      `SELECT coalesce(json_agg(r ORDER BY r::text)::text, '') AS rows FROM (SELECT to_jsonb(t) ${without} AS r FROM ${name} t) x`,
    );
    dumps.set(name, row?.rows ?? '');
  }
  return dumps;
}

/** Passed on unread; what it may hold is stt's to say. */
const UNREAD = 'stt.transcribe';
const withJson = [...routes, ...adminRoutes].filter(({ id, body }) => id !== UNREAD && body().json !== undefined);
const cases = withJson.map((route) => [route.id, route] as const);

describe('no route takes a field that its contract does not have', () => {
  it('knows the columns of every table', () => {
    expect(columns).toEqual(expect.arrayContaining(['organization_id', 'status', 'key_hash', 'revoked_at', 'plan']));
    expect(columns.length).toBeGreaterThan(50);
  });

  it.each(cases)(
    '%s: each column name and each property of objects is refused, and nothing changes',
    async (_, route) => {
      const key = route.path.startsWith('/admin/') ? ADMIN_KEY : api.tenant.key;
      const values: Record<string, string | number> = { id: modelId, organization_id: organizationId, key_id: keyId };
      const path = fillPath(route.path, (parameter) => values[parameter] ?? '0190a5b0-0000-7000-8000-000000000000');
      const good = JSON.stringify(route.body().json).slice(1, -1);
      const send = (field: string, value: string) =>
        api.call(route.method, path, {
          key,
          headers: { 'content-type': 'application/json' },
          // As text: an object literal would lose __proto__ on the way.
          body: `{${good === '' ? '' : `${good},`}${JSON.stringify(field)}:${value}}`,
        });
      const before = await dump();
      const taken: string[] = [];
      for (const field of [...columns, ...poisons]) {
        const { status, body } = await send(field, '{"isAdmin":true}');
        // A field that the contract does have is refused for its value: none of them is such an object.
        if (status !== 400 || body.error_code !== 'VALIDATION_ERROR') taken.push(`${field}: ${String(status)}`);
      }
      expect(taken).toEqual([]);
      expect(await dump()).toEqual(before);
      expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    },
  );
});
