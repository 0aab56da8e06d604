import { eventually } from '@attune/testing';
import { makeApiKey } from '../../api-keys/api-key';
import { routes } from '../../test-support/routes';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const cases = routes.map((route) => [route.name, route] as const);
const get = (key: string) => api.call('GET', '/api/v3/custom_models', { key });

async function withKey(column: 'revoked_at' | 'expires_at', at: string): Promise<string> {
  const key = await api.addKey(api.tenant.organizationId);
  await api.database.query('system', `UPDATE api_key SET ${column} = ${at} WHERE public_id = $1`, [key.slice(7, 15)]);
  return key;
}

describe('every route answers 401', () => {
  it.each(cases)('%s: MISSING_API_KEY without a key', async (_, { method, path, body }) => {
    const answer = await api.call(method, path.replace(':id', '1'), { ...body(), key: null });
    expect([answer.status, answer.body.error_code]).toEqual([401, 'MISSING_API_KEY']);
  });

  it.each(cases)('%s: INVALID_API_KEY with a key that was never issued', async (_, { method, path, body }) => {
    const answer = await api.call(method, path.replace(':id', '1'), { ...body(), key: makeApiKey() });
    expect([answer.status, answer.body.error_code]).toEqual([401, 'INVALID_API_KEY']);
  });

  it('KEY_REVOKED for a revoked key, at most a second after it was revoked', async () => {
    const key = await api.addKey(api.tenant.organizationId);
    expect((await get(key)).status).toBe(200);
    await api.database.query('system', `UPDATE api_key SET revoked_at = now() WHERE public_id = $1`, [
      key.slice(7, 15),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { status, body } = await get(key);
    expect([status, body.error_code]).toEqual([401, 'KEY_REVOKED']);
  });

  it('INVALID_API_KEY for an expired key, not for one that expires later', async () => {
    const { status, body } = await get(await withKey('expires_at', `now() - interval '1 second'`));
    expect([status, body.error_code]).toEqual([401, 'INVALID_API_KEY']);
    expect((await get(await withKey('expires_at', `now() + interval '1 hour'`))).status).toBe(200);
  });

  it('INVALID_API_KEY for another key with the public id of a real one', async () => {
    const head = api.tenant.key.slice(0, 15);
    for (const other of [makeApiKey(), makeApiKey()]) {
      expect((await get(head + other.slice(15))).body.error_code).toBe('INVALID_API_KEY');
    }
  });

  it('for junk without asking the database', async () => {
    const last = api.tenant.key.endsWith('0') ? '1' : '0';
    // Whoever asks the table now waits for the end of this transaction.
    await api.database.runInTransaction('system', async (tx) => {
      await tx.execute('LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE');
      for (const junk of ['x', 'attune_', 'attune_' + 'a'.repeat(46), api.tenant.key.slice(0, -1) + last]) {
        expect((await get(junk)).body.error_code).toBe('INVALID_API_KEY');
      }
    });
  });
});

describe('API keys', () => {
  it('are in no table, whole or without their last characters', async () => {
    const tables = await api.database.query<{ t: string }>(
      'system',
      `SELECT tablename AS t FROM pg_tables WHERE schemaname = 'models'`,
    );
    for (const { t } of tables) {
      const rows = await api.database.query<{ dump: string }>(
        'system',
        `SELECT row_to_json(x)::text AS dump FROM ${t} x`,
      );
      for (const { dump } of rows) expect(dump).not.toContain(api.tenant.key.slice(15, 40));
    }
  });

  it('leave a note of their use, to the minute', async () => {
    await get(api.tenant.key);
    // Nobody's answer waits for it.
    await eventually(async () => {
      const rows = await api.database.query<{ at: Date | null }>(
        'system',
        `SELECT last_used_at AS at FROM api_key WHERE public_id = $1`,
        [api.tenant.key.slice(7, 15)],
      );
      expect(rows[0]?.at).toBeInstanceOf(Date);
    });
  });
});
