import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectClient, migrate, tenantRowSecurity, type Migration } from '@attune/database';
import { newId } from '@attune/kernel';
import { temporaryDirectory, testPostgresUrl } from '@attune/testing';
import { Client } from 'pg';
import { copyDatabase, loadDatabase, type DatabaseCopy } from './database-copy';

/** Whatever makes loading hard: rows that refer to each other, triggers, generated columns, rows of the migration itself, row security. */
const migrations: Migration[] = [
  {
    name: '0001-things',
    sql: `
CREATE TABLE outbox (id uuid PRIMARY KEY, organization_id uuid NOT NULL);
CREATE TABLE a_part (
  thing_id bigint NOT NULL, name text NOT NULL, organization_id uuid NOT NULL, shout text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE thing (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint REFERENCES thing, organization_id uuid NOT NULL);
ALTER TABLE a_part ADD FOREIGN KEY (thing_id) REFERENCES thing;
CREATE TABLE total (parts bigint NOT NULL);
INSERT INTO total VALUES (0);
CREATE FUNCTION count_part() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE total SET parts = parts + 1; RETURN NEW; END $$;
CREATE TRIGGER count_part AFTER INSERT ON a_part FOR EACH ROW EXECUTE FUNCTION count_part();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON thing FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
${tenantRowSecurity(['outbox', 'a_part', 'thing'])}`,
  },
];
const organizationId = newId();
const OWNER = 'backup_test_owner';
const made: string[] = [];
let directory: string;

beforeAll(async () => {
  directory = await temporaryDirectory('database-copy');
  await asSuperuser(async (client) => {
    await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD 'owner'`);
  });
});
afterAll(async () => {
  await asSuperuser(async (client) => {
    for (const name of made) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.query(`DROP ROLE IF EXISTS attune_backup_things`);
    await client.query(`DROP ROLE ${OWNER}`);
  });
  await rm(directory, { recursive: true, force: true });
});

async function asSuperuser(work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: testPostgresUrl() });
  await client.connect();
  await work(client).finally(() => client.end());
}

/** A database of an owner who may make roles and is no superuser, as managed servers have it. */
async function newDatabase(all: readonly Migration[] = migrations): Promise<string> {
  const name = `copy_${newId().replaceAll('-', '')}`;
  made.push(name);
  await asSuperuser(async (client) => {
    await client.query(`CREATE DATABASE ${name} OWNER ${OWNER}`);
  });
  const url = new URL(testPostgresUrl());
  Object.assign(url, { username: OWNER, password: 'owner', pathname: `/${name}` });
  const settings = { schema: 'things', serviceRole: 'attune_backup_things', servicePassword: 'things' };
  await migrate({ ownerUrl: url.href, migrations: all, ...settings });
  return url.href;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = await connectClient(url, { applicationName: 'test', schema: 'things', scope: 'system' });
  return client
    .query<Record<string, unknown>>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

async function filled(): Promise<string> {
  const url = await newDatabase();
  await query(url, `INSERT INTO thing (organization_id) VALUES ('${organizationId}'), ('${organizationId}')`);
  // The first row refers to a later one.
  await query(url, 'UPDATE thing SET parent_id = 2 WHERE id = 1');
  await query(
    url,
    `INSERT INTO a_part (thing_id, name, organization_id) VALUES (2, E'two\\tlines\\n\\\\N', '${organizationId}')`,
  );
  return url;
}

const everything = async (url: string): Promise<unknown> => ({
  things: await query(url, 'SELECT * FROM thing ORDER BY id'),
  parts: await query(url, 'SELECT * FROM a_part ORDER BY thing_id'),
  totals: await query(url, 'SELECT * FROM total'),
  security: await query(
    url,
    `SELECT relname, relforcerowsecurity, (SELECT array_agg(tgenabled::text ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers
     FROM pg_class c WHERE relnamespace = 'things'::regnamespace AND relkind = 'r' ORDER BY relname`,
  ),
});

describe('a copy of a database', () => {
  let source: string;
  let copy: DatabaseCopy;
  let folder: string;

  beforeEach(async () => {
    source = await filled();
    folder = join(directory, newId());
    copy = await copyDatabase(source, folder);
  });

  it('fills an empty one of the same migrations, by the rights of its owner alone, guards and all', async () => {
    const target = await newDatabase();
    await loadDatabase(target, folder, copy);
    expect(await everything(target)).toEqual(await everything(source));
    expect(
      await query(target, `INSERT INTO thing (organization_id) VALUES ('${organizationId}') RETURNING id`),
    ).toEqual([{ id: '3' }]);
    await expect(query(target, 'DELETE FROM thing')).rejects.toThrow('append-only');
  });

  it('is of one moment: what is committed while it is made is in all of it or in none', async () => {
    const written = new AbortController();
    const writer = (async () => {
      while (!written.signal.aborted) {
        await query(
          source,
          `WITH new AS (INSERT INTO thing (organization_id) VALUES ('${organizationId}') RETURNING id)
           INSERT INTO a_part (thing_id, name, organization_id) SELECT id, 'x', '${organizationId}' FROM new`,
        );
      }
    })();
    const moving = await copyDatabase(source, `${folder}-moving`);
    written.abort();
    await writer;
    const target = await newDatabase();
    await loadDatabase(target, `${folder}-moving`, moving);
    expect(await query(target, 'SELECT (SELECT count(*) FROM a_part) = (SELECT parts FROM total) AS whole')).toEqual([
      { whole: true },
    ]);
  });

  it('is refused by a schema of another release, by one where somebody has worked, and when a file is damaged', async () => {
    const other = await newDatabase([...migrations, { name: '0002-more', sql: 'CREATE TABLE more (id int)' }]);
    await expect(loadDatabase(other, folder, copy)).rejects.toThrow(/not the backup's.*0002-more.*0001-things/);
    const used = await newDatabase();
    await query(used, `INSERT INTO outbox VALUES ('${newId()}', '${organizationId}')`);
    await expect(loadDatabase(used, folder, copy)).rejects.toThrow('the database is in use');
    const target = await newDatabase();
    await appendFile(join(folder, 'things.thing.gz'), 'x');
    await expect(loadDatabase(target, folder, copy)).rejects.toThrow('is damaged');
    expect(await query(target, 'SELECT * FROM a_part')).toEqual([]);
  });
});
