import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { Client } from 'pg';
import { assertTenantSafety, tenantRowSecurity, UnsafeTenancy, type Database } from './index';

const tables = `
CREATE TABLE note (organization_id uuid NOT NULL, text text NOT NULL);
CREATE TABLE common (name text NOT NULL);
${tenantRowSecurity(['note'])}`;

describe('a service boots only where tenants are kept apart', () => {
  let server: TestDatabase;
  let database: Database;
  let owner: Client;

  beforeEach(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [{ name: '0001-init', sql: tables }] });
    database = await server.open();
    owner = new Client({ connectionString: server.ownerUrl, options: '-c search_path=things' });
    await owner.connect();
  });
  afterEach(async () => {
    await owner.end();
    await server.drop();
  });

  it('as the migrations leave it', async () => {
    await assertTenantSafety(database);
  });

  it.each([
    ['row security that is not forced', 'ALTER TABLE note NO FORCE ROW LEVEL SECURITY', 'table note has'],
    ['a table whose row security is off', 'ALTER TABLE note DISABLE ROW LEVEL SECURITY', 'table note has'],
    [
      'a new table of tenants without it',
      'CREATE TABLE label (organization_id uuid); ',
      'table label has an organization_id and no forced row security',
    ],
    ['a policy that adds everything', 'CREATE POLICY all_rows ON note USING (true)', 'policy all_rows of note'],
    [
      'a policy that lets everything be written',
      `CREATE POLICY all_written ON note USING (current_setting('app.scope', true) = 'system') WITH CHECK (true)`,
      'policy all_written of note',
    ],
    ['a view with its owner’s rights', 'CREATE VIEW notes AS SELECT * FROM note', 'view notes reads'],
    ['a materialized view', 'CREATE MATERIALIZED VIEW notes AS SELECT * FROM note', 'view notes reads'],
    [
      'a function with its owner’s rights',
      `CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM things.note'`,
      'function peek runs',
    ],
    ['a table that the service’s role owns', 'ALTER TABLE common OWNER TO attune_things', 'owner of common'],
  ])('not with %s', async (_, sql, hole) => {
    await owner.query(sql);
    const check = assertTenantSafety(database);
    await expect(check).rejects.toThrow(UnsafeTenancy);
    await expect(check).rejects.toThrow(hole);
  });

  it('a view that reads with its caller’s rights is no hole', async () => {
    await owner.query('CREATE VIEW notes WITH (security_invoker = true) AS SELECT * FROM note');
    await assertTenantSafety(database);
  });

  it('not as a superuser, nor as a role that bypasses row security', async () => {
    const role = `attune_bypass_${String(process.pid)}`;
    await owner.query(`CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD 'x'; GRANT USAGE ON SCHEMA things TO ${role};
      GRANT CONNECT ON DATABASE ${server.name} TO ${role}`);
    const url = new URL(server.url);
    url.username = role;
    url.password = 'x';
    await expect(assertTenantSafety(await server.open({ url: url.href }))).rejects.toThrow('bypasses row security');
    await expect(assertTenantSafety(await server.open({ url: server.ownerUrl }))).rejects.toThrow('is a superuser');
  });
});
