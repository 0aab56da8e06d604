import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Database } from '@attune/database';
import { createLogger } from '@attune/observability';
import { eventually } from '@attune/testing';
import { makeApiKey } from '../../api-keys/api-key';
import { createApp } from '../../create-app';
import { asAdmin, createKey, createOrganization } from '../../test-support/administration';
import { ADMIN_KEY, TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

/** Every file below a folder, as one text. */
function contentOf(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n');
}

async function databaseDump(): Promise<string> {
  const tables = await api.database.query<{ name: string }>(
    'system',
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'models'`,
  );
  const dumps = tables.map(({ name }) =>
    api.database.query<{ row: string }>('system', `SELECT row_to_json(t)::text AS row FROM ${name} t`),
  );
  return (await Promise.all(dumps)).flatMap((rows) => rows.map(({ row }) => row)).join('\n');
}

describe('an issued key', () => {
  it('is in no table, log line or message of the broker, and neither is the admin key', async () => {
    const lines: string[] = [];
    const sink = new PassThrough();
    sink.on('data', (line: Buffer) => lines.push(line.toString()));
    const app = await createApp(api.env, createLogger('models-api', 'debug', sink));
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    try {
      const { id } = await createOrganization(api, { minimum_training_seconds: 60 });
      const made = await createKey(api, id);
      const spoiled = made.key.slice(0, -1) + (made.key.endsWith('0') ? '1' : '0');
      const calls = [
        api.call('GET', `${url}/api/v3/custom_models`, { key: made.key }),
        api.call('GET', `${url}/api/v3/custom_models`, { key: spoiled }),
        api.call('POST', `${url}/api/v3/custom_models`, { key: made.key, json: { name: '', language: 'en' } }),
        api.call('POST', `${url}/api/v3/custom_models/1/run`, { key: made.key, json: {} }),
        api.call('GET', `${url}/nowhere`, { key: made.key }),
        asAdmin(api, 'GET', `${url}/admin/v1/organizations/${id}/keys`),
        asAdmin(api, 'POST', `${url}/admin/v1/organizations/${id}/keys`, { name: '', scopes: [] }),
      ];
      const answers = await Promise.all(calls);
      await runningModel(api, made.key);
      // The broker hears of the run a little after the caller does.
      await eventually(() => expect(contentOf(api.nats.storeDirectory)).toContain('models.run-requested'));
      const places = {
        answers: answers.map(({ text }) => text).join('\n'),
        database: await databaseDump(),
        logs: lines.join('\n'),
        broker: contentOf(api.nats.storeDirectory),
      };
      expect(places.logs).toContain('/api/v3/custom_models');
      expect(places.database).toContain(made.prefix.slice('attune_'.length));
      // The secret part; the public id before it may be seen.
      const secrets = [made.key.slice(15, 40), spoiled.slice(15, 40), ADMIN_KEY];
      for (const [place, content] of Object.entries(places))
        for (const secret of secrets) expect([place, content.includes(secret)]).toEqual([place, false]);
    } finally {
      await app.close();
    }
  });
});

describe('a flood of keys with a wrong checksum', () => {
  it('costs no query at all', async () => {
    const asked = jest.spyOn(Database.prototype, 'query');
    try {
      const flood = Array.from({ length: 500 }, (_, n) => {
        const key = makeApiKey();
        const last = key.endsWith('0') ? '1' : '0';
        return n % 2 === 0 ? key.slice(0, -1) + last : `attune_${'a'.repeat(46)}`;
      });
      const ofKeys = () => asked.mock.calls.filter(([, sql]) => sql.includes('api_key')).length;
      const before = ofKeys();
      for (let from = 0; from < flood.length; from += 50) {
        const answers = await Promise.all(
          flood.slice(from, from + 50).map((key) => api.call('GET', '/api/v3/custom_models', { key })),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      }
      expect(ofKeys()).toBe(before);
      // A well-formed key is what a query is for.
      await api.call('GET', '/api/v3/custom_models', { key: makeApiKey() });
      expect(ofKeys()).toBe(before + 1);
    } finally {
      asked.mockRestore();
    }
  });
});
