import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneClient } from '@attune/client';
import { connectClient } from '@attune/database';
import { freePort } from '@attune/embedded';
import { readSettings, startPlatform, type Platform, type Settings } from '@attune/launcher';
import { ScriptedEngine, startTestS3, TestNats, TestPostgres, type TestS3 } from '@attune/testing';
import { backUpPlatform, restorePlatform } from './platform-backup';

jest.setTimeout(360_000);

const root = join(__dirname, '..', '..', '..');
const guide = readFileSync(join(root, 'docs', 'guides', 'operating', 'backup.md'), 'utf8');

let home: string;
let postgres: TestPostgres;
let broker: TestNats;
let emptyBroker: TestNats;
let s3: TestS3 | null;
let settings: Settings;
let platform: Platform | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'attune-external-'));
  [postgres, broker, emptyBroker, s3] = await Promise.all([
    TestPostgres.create(),
    TestNats.create(),
    TestNats.create(),
    startTestS3(),
  ]);
  const server = await connectClient(postgres.url, { applicationName: 'test' });
  await server.query('CREATE DATABASE attune');
  await server.end();
  settings = readSettings({
    ...process.env,
    ATTUNE_HOME: join(home, 'platform'),
    ATTUNE_PORT: String(await freePort()),
    ATTUNE_DATABASE_URL: postgres.url.replace(/[^/]*$/, 'attune'),
    ATTUNE_NATS_URL: broker.url,
    ...(s3 && { S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey }),
    ...new ScriptedEngine(home).variables,
  });
});
afterAll(async () => {
  await platform?.stop();
  await Promise.all([postgres.remove(), broker.remove(), emptyBroker.remove(), s3?.stop()]);
  await rm(home, { recursive: true, force: true });
});

/** As an operator does it on a machine of his: his variables, and one folder for all that he does. */
const elsewhere = (): Settings => ({ ...settings, home: join(home, s3 ? 'elsewhere' : 'platform') });

function client(): AttuneClient {
  const apiKey = readFileSync(join(home, 'platform', 'api-key'), 'utf8').trim();
  return new AttuneClient({ baseUrl: platform?.url ?? '', apiKey });
}

/** The guide's own statement. */
async function emptyDatabase(): Promise<void> {
  const [, statement = ''] = /^```sql\n(DROP SCHEMA .*?)^```/ms.exec(guide) ?? [];
  const owner = await connectClient(settings.databaseUrl ?? '', { applicationName: 'test' });
  await owner.query(statement);
  await owner.end();
}

/** As the Job does it: each service's own program, as the owner. */
function migrate(): void {
  const { databasePassword } = JSON.parse(readFileSync(join(home, 'platform', 'secrets.json'), 'utf8')) as {
    databasePassword: string;
  };
  const roles = { 'models-api': 'models', ingestion: 'ingestion', trainer: 'training', evaluator: 'evaluation' };
  for (const [service, schema] of Object.entries({ ...roles, billing: 'billing' })) {
    const url = new URL(settings.databaseUrl ?? '');
    Object.assign(url, { username: `attune_${schema}`, password: databasePassword });
    execFileSync(process.execPath, [join(root, 'apps', service, 'dist', 'migrate.js')], {
      env: { PATH: process.env['PATH'], DATABASE_OWNER_URL: settings.databaseUrl, DATABASE_URL: url.href },
    });
  }
}

it('a platform on servers of the operator’s is restored into the database that it had, with a broker that begins empty', async () => {
  platform = await startPlatform(settings);
  const { id } = await client().models.create({ name: 'Kept', language: 'en' });
  await backUpPlatform(elsewhere(), join(home, 'first-backup'));
  await backUpPlatform(elsewhere(), join(home, 'backup'));
  // The secrets are the platform's, which has them in a place of its own.
  if (s3) expect(readdirSync(join(home, 'backup'))).not.toContain('secrets.json');
  await client().models.create({ name: 'Made after the backup', language: 'en' });

  await expect(restorePlatform(elsewhere(), join(home, 'backup'))).rejects.toThrow('stop the services');
  await platform.stop();
  await expect(restorePlatform(elsewhere(), join(home, 'backup'))).rejects.toThrow('in use');
  await emptyDatabase();
  await expect(restorePlatform(elsewhere(), join(home, 'backup'))).rejects.toThrow('run the migrations');
  migrate();
  await restorePlatform(elsewhere(), join(home, 'backup'));

  settings = { ...settings, natsUrl: emptyBroker.url };
  platform = await startPlatform(settings);
  expect((await client().models.list()).map(({ name }) => name)).toEqual(['Kept']);
  const after = await client().models.create({ name: 'New', language: 'en' });
  expect(after.id).toBeGreaterThan(id);
});
