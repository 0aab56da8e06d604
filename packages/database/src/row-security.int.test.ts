import { createTestDatabase, type TestDatabase } from '@attune/testing';
import type { QueryRunner } from 'typeorm';
import type { Database, Tx } from './index';
import { tenantRowSecurity } from './row-security';

const tables = `
CREATE TABLE note (organization_id uuid NOT NULL, text text NOT NULL);
CREATE TABLE label (organization_id uuid NOT NULL, text text NOT NULL);
CREATE TABLE owner_of_notes (id uuid PRIMARY KEY);
${tenantRowSecurity(['note', 'label'])}${tenantRowSecurity(['owner_of_notes'], 'id')}`;
const organization = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [mine, theirs] = [organization(901), organization(902)];
const TENANTS = 50;
const TRANSACTIONS = 1_000;

describe('row security of tenant tables', () => {
  let server: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [{ name: '0001-init', sql: tables }] });
    database = await server.open({ poolSize: 4 });
    await database.runInTransaction('system', async (tx) => {
      for (const table of ['note', 'label'])
        await tx.execute(`INSERT INTO ${table} VALUES ($1, 'mine'), ($2, 'theirs')`, [mine, theirs]);
      await tx.execute('INSERT INTO owner_of_notes VALUES ($1), ($2)', [mine, theirs]);
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

  it('goes by another column where that one names the organization', async () => {
    const seen = await database.read({ organizationId: mine }, (tx) => tx.query('SELECT id FROM owner_of_notes'));
    expect(seen).toEqual([{ id: mine }]);
  });

  it('refuses a row for another organization', async () => {
    const write = database.runInTransaction({ organizationId: mine }, (tx) =>
      tx.execute(`INSERT INTO note VALUES ($1, 'forged')`, [theirs]),
    );
    await expect(write).rejects.toThrow('row-level security');
  });

  it('shows everything to the platform, which says so', async () => {
    const seen = await database.read('system', (tx) => tx.query('SELECT text FROM note ORDER BY text'));
    expect(seen).toEqual([{ text: 'mine' }, { text: 'theirs' }]);
  });

  it('shows nothing to a statement without a scope, on a fresh connection and on a used one', async () => {
    const fresh = await server.open({ poolSize: 1 });
    const count = () => fresh.dataSource.query<{ n: number }[]>('SELECT count(*)::int AS n FROM note');
    expect(await count()).toEqual([{ n: 0 }]);
    await fresh.read('system', (tx) => tx.query('SELECT FROM note'));
    expect(await count()).toEqual([{ n: 0 }]);
    await expect(fresh.dataSource.query('INSERT INTO note VALUES ($1, $2)', [mine, 'x'])).rejects.toThrow(
      'row-level security',
    );
  });

  it(`shows none of ${String(TENANTS)} tenants a row of another in ${String(TRANSACTIONS)} interleaved transactions each fifth of which aborts`, async () => {
    let foreign = 0;
    let seen = 0;
    const look = async (tx: Tx, organizationId: string): Promise<void> => {
      // No filter: the policy alone stands between the tenants.
      const rows = await tx.query<{ organization_id: string }>('SELECT organization_id FROM label');
      seen += rows.length;
      foreign += rows.filter((row) => row.organization_id !== organizationId).length;
    };
    const transaction = async (n: number): Promise<void> => {
      const organizationId = organization(n % TENANTS);
      const work = database.runInTransaction({ organizationId }, async (tx) => {
        await look(tx, organizationId);
        await tx.execute('INSERT INTO label VALUES ($1, $2)', [organizationId, String(n)]);
        await look(tx, organizationId);
        if (n % 10 === 0) throw new Error('aborted by the handler');
        if (n % 10 === 5) await tx.query('SELECT 1 / 0');
      });
      await (n % 5 === 0 ? expect(work).rejects.toThrow() : work);
      const hot = await database.query<{ organization_id: string }>(
        { organizationId },
        'SELECT organization_id FROM label',
      );
      foreign += hot.filter((row) => row.organization_id !== organizationId).length;
      if (n % 7 === 0) foreign += (await withoutScope(database)).length;
    };
    // As many at once as there are tenants: more would only wait for a connection, and in the end in vain.
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < TRANSACTIONS) await transaction(next++);
    };
    await Promise.all(Array.from({ length: TENANTS }, worker));
    expect(foreign).toBe(0);
    expect(seen).toBeGreaterThan(TRANSACTIONS);
    const [row] = await database.query<{ n: number }>('system', 'SELECT count(*)::int AS n FROM label');
    expect(row?.n).toBe(TRANSACTIONS * 0.8 + 2);
  });
});

/** On whichever pooled connection is free: what a statement sees that forgot its scope. */
async function withoutScope(database: Database): Promise<unknown[]> {
  const runner: QueryRunner = database.dataSource.createQueryRunner();
  try {
    return (await runner.query('SELECT organization_id FROM label')) as unknown[];
  } finally {
    await runner.release();
  }
}
