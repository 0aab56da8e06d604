import { createTestDatabase, type TestDatabase } from '@attune/testing';
import type { Database } from './database';
import { tenantRowSecurity } from './row-security';

const tables = `
CREATE TABLE note (organization_id uuid NOT NULL, text text NOT NULL);
CREATE TABLE label (organization_id uuid NOT NULL, text text NOT NULL);
${tenantRowSecurity(['note', 'label'])}`;
const mine = '00000000-0000-7000-8000-000000000001';
const theirs = '00000000-0000-7000-8000-000000000002';

describe('row security of tenant tables', () => {
  let server: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [{ name: '0001-init', sql: tables }] });
    database = await server.open();
    await database.runInTransaction('system', async (tx) => {
      for (const table of ['note', 'label'])
        await tx.execute(`INSERT INTO ${table} VALUES ($1, 'mine'), ($2, 'theirs')`, [mine, theirs]);
    });
  });
  afterAll(() => server.drop());

  it.each(['note', 'label'])(
    'hides the rows of other organizations in %s, even from a query that forgot its filter',
    async (table) => {
      const seen = await database.read({ organizationId: mine }, (tx) => tx.query(`SELECT text FROM ${table}`));
      expect(seen).toEqual([{ text: 'mine' }]);
    },
  );

  it('refuses a row for another organization', async () => {
    const write = database.runInTransaction({ organizationId: mine }, (tx) =>
      tx.execute(`INSERT INTO note VALUES ($1, 'forged')`, [theirs]),
    );
    await expect(write).rejects.toThrow('row-level security');
  });

  it('shows everything to the platform, which names no organization', async () => {
    const seen = await database.read('system', (tx) => tx.query('SELECT text FROM note ORDER BY text'));
    expect(seen).toEqual([{ text: 'mine' }, { text: 'theirs' }]);
  });
});
