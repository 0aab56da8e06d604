import { TestNats, TestPostgres, canRunS3, startTestS3, type TestS3 } from '@attune/testing';
import { Client } from 'pg';
import { KillLab } from './test-support/kill-lab';

jest.setTimeout(360_000);

describe('the platform on servers that the operator runs', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  let s3: TestS3 | null;
  let lab: KillLab;

  beforeAll(async () => {
    [postgres, nats, s3] = await Promise.all([TestPostgres.create(), TestNats.create(), startTestS3()]);
    lab = await KillLab.open({
      ATTUNE_DATABASE_URL: await emptyDatabase(postgres.url),
      ATTUNE_NATS_URL: nats.url,
      ...(s3 && { S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey }),
    });
  });
  afterAll(async () => {
    await lab.close();
    await Promise.all([postgres.remove(), nats.remove(), s3?.stop()]);
  });

  it('trains a model to its version, and starts neither PostgreSQL nor NATS itself', async () => {
    expect(await lab.completeRun()).toEqual({ status: 4, versions: 1, usages: 1, charges: 1, openHolds: 0 });
    expect(lab.processes).not.toContain('postgres');
    expect(lab.processes).not.toContain('nats');
  });

  it('keeps every object in the S3 server (where Go can build one), and none on the disk', async () => {
    expect(lab.storedFiles().length > 0).toBe(!(await canRunS3()));
  });
});

/** As the guide says: a database of its own, by the owner that the launcher then connects as. */
async function emptyDatabase(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE DATABASE attune');
  await client.end();
  const database = new URL(url);
  database.pathname = '/attune';
  return database.href;
}
