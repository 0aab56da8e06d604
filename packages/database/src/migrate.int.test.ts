import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { Client } from 'pg';
import { migrate, MigrationDrift, type Migration } from './index';

const init: Migration = { name: '0001-init', sql: 'CREATE TABLE thing (id int PRIMARY KEY, name text);' };
const second: Migration = { name: '0002-more', sql: 'ALTER TABLE thing ADD COLUMN size int;' };

describe('migrate', () => {
  let server: TestDatabase;

  beforeEach(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [init] });
  });
  afterEach(() => server.drop());

  const apply = (migrations: Migration[], serviceRole = 'attune_things'): Promise<string[]> =>
    migrate({
      ownerUrl: server.ownerUrl,
      schema: 'things',
      migrations,
      serviceRole,
      servicePassword: 'test-service-password',
    });

  it('applies what is new, in order, and nothing twice', async () => {
    expect(await apply([init, second])).toEqual(['0002-more']);
    expect(await apply([init, second])).toEqual([]);
  });

  it('applies each migration once when several processes start together', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => apply([init, second])));
    expect(applied.flat()).toEqual(['0002-more']);
  });

  it('refuses a migration whose SQL changed after it was applied, and changes nothing', async () => {
    const changed = { ...init, sql: `${init.sql} -- harmless?` };
    await expect(apply([changed, second])).rejects.toThrow(MigrationDrift);
    await expect(query(server.ownerUrl, 'SELECT size FROM things.thing')).rejects.toThrow('does not exist');
  });

  it('refuses a database that is ahead of this build, and a migration slipped in before an applied one', async () => {
    await apply([init, second]);
    await expect(apply([init])).rejects.toThrow('where this build has nothing');
    await expect(apply([init, { name: '0001-zero', sql: 'SELECT 1' }, second])).rejects.toThrow(MigrationDrift);
  });

  it('leaves nothing of a migration that fails', async () => {
    const broken = { name: '0002-broken', sql: 'CREATE TABLE half (id int); SELECT 1 / 0;' };
    await expect(apply([init, broken])).rejects.toThrow('0002-broken failed: division by zero');
    expect(await query(server.ownerUrl, `SELECT to_regclass('things.half') AS half`)).toEqual([{ half: null }]);
    expect(await apply([init, second])).toEqual(['0002-more']);
  });

  it('refuses names that do not sort as they are applied', async () => {
    await expect(apply([second, init])).rejects.toThrow('out of order');
    await expect(apply([{ name: 'init', sql: '' }])).rejects.toThrow('not named like');
  });

  it('gives the service a role that changes rows, owns nothing, makes nothing and sees no other schema', async () => {
    await query(server.ownerUrl, 'CREATE SCHEMA foreign_schema; CREATE TABLE foreign_schema.secret (id int)');
    const asService = (sql: string): Promise<unknown[]> => query(server.url, sql);
    await asService(
      `INSERT INTO things.thing VALUES (1, 'a'); UPDATE things.thing SET name = 'b'; DELETE FROM things.thing`,
    );
    for (const forbidden of [
      'CREATE TABLE things.mine (id int)',
      'CREATE TABLE public.mine (id int)',
      'CREATE TEMPORARY TABLE mine (id int)',
      'CREATE SCHEMA mine',
      'DROP TABLE things.thing',
      'TRUNCATE things.thing',
      'ALTER TABLE things.thing DISABLE ROW LEVEL SECURITY',
      'SELECT * FROM foreign_schema.secret',
      `INSERT INTO things.schema_migration VALUES ('0009-x', 'x')`,
      'DELETE FROM things.schema_migration',
      'SET ROLE postgres',
    ]) {
      await expect(asService(forbidden)).rejects.toThrow(/permission denied|must be owner/);
    }
    const [role] = await query(
      server.ownerUrl,
      `SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,
              (SELECT count(*)::int FROM pg_class WHERE relowner = pg_roles.oid) AS owned
       FROM pg_roles WHERE rolname = 'attune_things'`,
    );
    expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcreatedb: false, rolcreaterole: false, owned: 0 });
  });

  it('keeps its record of applied migrations append-only, for the owner too', async () => {
    for (const change of ['UPDATE things.schema_migration SET sha256 = $$x$$', 'DELETE FROM things.schema_migration']) {
      await expect(query(server.ownerUrl, change)).rejects.toThrow('schema_migration is append-only');
    }
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<object>(sql);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}
