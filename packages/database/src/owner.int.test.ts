import { newId } from '@attune/kernel';
import { testPostgresUrl } from '@attune/testing';
import { Client } from 'pg';
import { migrate, untilMigrated, type Migration } from './index';

const init: Migration = { name: '0001-init', sql: 'CREATE TABLE thing (id int PRIMARY KEY);' };
const second: Migration = { name: '0002-more', sql: 'ALTER TABLE thing ADD COLUMN size int;' };

/** As operators and clouds give a database: its owner may make roles and is no superuser. */
describe('migrations by an owner that is no superuser', () => {
  const owner = `owner_${newId().replaceAll('-', '')}`;
  const role = `service_${newId().replaceAll('-', '')}`;
  const urlAs = (user: string, password: string): string => {
    const url = new URL(testPostgresUrl());
    Object.assign(url, { username: user, password, pathname: `/${owner}` });
    return url.href;
  };
  const asAdministrator = async (...statements: string[]): Promise<void> => {
    const client = new Client({ connectionString: testPostgresUrl() });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  beforeAll(() =>
    asAdministrator(
      `CREATE ROLE ${owner} LOGIN CREATEROLE PASSWORD 'owner'`,
      `CREATE DATABASE ${owner} OWNER ${owner}`,
    ),
  );
  afterAll(() => asAdministrator(`DROP DATABASE ${owner} WITH (FORCE)`, `DROP ROLE ${role}`, `DROP ROLE ${owner}`));

  const apply = (migrations: Migration[], servicePassword: string): Promise<string[]> =>
    migrate({ ownerUrl: urlAs(owner, 'owner'), schema: 'things', migrations, serviceRole: role, servicePassword });

  it('make the role of the service, and give it another password with a later release', async () => {
    expect(await apply([init], 'first')).toEqual(['0001-init']);
    await untilMigrated({ url: urlAs(role, 'first'), schema: 'things', migrations: [init] });
    expect(await apply([init, second], 'next')).toEqual(['0002-more']);
    await untilMigrated({ url: urlAs(role, 'next'), schema: 'things', migrations: [init, second] });
  });

  it('by one that is a superuser take from the role what power it was given meanwhile', async () => {
    await asAdministrator(`ALTER ROLE ${role} CREATEDB BYPASSRLS`);
    const url = new URL(testPostgresUrl());
    url.pathname = `/${owner}`;
    await migrate({
      ownerUrl: url.href,
      schema: 'others',
      migrations: [init],
      serviceRole: role,
      servicePassword: 'next',
    });
    const client = new Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client.query('SELECT rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = $1', [role]);
    await client.end();
    expect(rows).toEqual([{ rolcreatedb: false, rolbypassrls: false }]);
  });
});
