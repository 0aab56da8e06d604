import {
  createTestDatabase,
  eventually,
  startTestPostgres,
  type TestDatabase,
  type TestPostgres,
} from '@attune/testing';
import { inParallel } from '@attune/kernel';
import { Client } from 'pg';
import { DatabaseUnavailable, tenantRowSecurity, type Database, type Tx } from './index';

const migrations = [
  {
    name: '0001-init',
    sql: `
      CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id uuid NOT NULL, text text NOT NULL);
      ${tenantRowSecurity(['note'])}`,
  },
];
const organization = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const add = (tx: Tx, text: string): Promise<unknown[]> =>
  tx.query('INSERT INTO note (organization_id, text) VALUES ($1, $2) RETURNING id', [tx.organizationId, text]);

describe('Database', () => {
  let server: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    server = await createTestDatabase({ schema: 'notes', migrations });
    database = await server.open({ poolSize: 3 });
  });
  afterAll(() => server.drop());

  it('never carries a scope from one transaction to the next on a pooled connection, also after failures', async () => {
    const run = async (n: number): Promise<void> => {
      const organizationId = organization(n % 20);
      const work = database.runInTransaction({ organizationId }, async (tx) => {
        await add(tx, organizationId);
        const rows = await tx.query<{ organization_id: string }>('SELECT organization_id FROM note');
        expect(new Set(rows.map((row) => row.organization_id))).toEqual(new Set([organizationId]));
        if (n % 3 === 0) throw new Error('handler failed');
      });
      await (n % 3 === 0 ? expect(work).rejects.toThrow('handler failed') : work);
      expect(await withoutScope(database, 'SELECT FROM note')).toHaveLength(0);
    };
    // More than the pool has connections, and not so many that a slow machine keeps one of them waiting for too long.
    await inParallel(
      Array.from({ length: 300 }, (_, n) => n),
      12,
      run,
    );
  });

  it('runs a transaction again after a serialization failure, and commits its effects once', async () => {
    await database.dataSource.query('SELECT 1');
    const organizationId = organization(500);
    const [row] = (await database.runInTransaction({ organizationId }, (tx) => add(tx, '0'))) as { id: number }[];
    let runs = 0;
    let open = (): void => undefined;
    const allHaveRead = new Promise<void>((resolve) => (open = resolve));
    const increment = (): Promise<number> =>
      database.runInTransaction(
        { organizationId },
        async (tx) => {
          const [note] = await tx.query<{ text: string }>('SELECT text FROM note WHERE id = $1', [row?.id]);
          if (++runs === 3) open();
          await allHaveRead;
          return tx.execute('UPDATE note SET text = $2 WHERE id = $1', [row?.id, String(Number(note?.text) + 1)]);
        },
        { isolation: 'SERIALIZABLE', attempts: 20 },
      );
    await Promise.all([increment(), increment(), increment()]);
    const [note] = await database.read({ organizationId }, (tx) =>
      tx.query<{ text: string }>('SELECT text FROM note WHERE id = $1', [row?.id]),
    );
    expect(note?.text).toBe('3');
    expect(runs).toBeGreaterThan(3);
  });

  it('runs a transaction again when its connection dies before the commit', async () => {
    let runs = 0;
    const organizationId = organization(600);
    await database.runInTransaction({ organizationId }, async (tx) => {
      runs++;
      await add(tx, 'once');
      if (runs > 1) return;
      const [backend] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await asOwner(server.ownerUrl, (client) => client.query('SELECT pg_terminate_backend($1)', [backend?.pid]));
      await eventually(async () => expect(await isConnected(server.ownerUrl, backend?.pid ?? 0)).toBe(false));
    });
    expect(runs).toBe(2);
    const notes = await database.read({ organizationId }, (tx) => tx.query('SELECT FROM note'));
    expect(notes).toHaveLength(1);
  });

  it('does not run a transaction again after any other error', async () => {
    let runs = 0;
    const work = database.runInTransaction('system', (tx) => {
      runs++;
      return tx.query('SELECT 1 / 0');
    });
    await expect(work).rejects.toThrow('division by zero');
    expect(runs).toBe(1);
  });

  it('refuses a scope that is no organization, so that none can be called like the platform', async () => {
    for (const organizationId of ['system', '', "x' OR true"]) {
      await expect(database.query({ organizationId }, 'SELECT 1')).rejects.toThrow('is not the id of an organization');
      await expect(database.runInTransaction({ organizationId }, () => Promise.resolve())).rejects.toThrow(
        'is not the id',
      );
    }
  });

  it('answers bigint columns as numbers, and throws instead of rounding', async () => {
    expect(await database.query('system', 'SELECT 9007199254740991::bigint AS n')).toEqual([{ n: 9007199254740991 }]);
    await expect(database.query('system', 'SELECT 9007199254740993::bigint AS n')).rejects.toThrow('does not fit');
  });

  it('answers how many rows a conditional update moved', async () => {
    const moved = await database.runInTransaction({ organizationId: organization(700) }, (tx) =>
      tx.execute(`UPDATE note SET text = 'x' WHERE text = 'no such text'`),
    );
    expect(moved).toBe(0);
  });
});

describe('Database while PostgreSQL is away', () => {
  let cluster: TestPostgres;

  beforeAll(async () => {
    cluster = await startTestPostgres();
  });
  afterAll(() => cluster.remove());

  it('says that it is unavailable while PostgreSQL is dead, and works again once it is back', async () => {
    const server = await createTestDatabase({ schema: 'notes', migrations, ownerUrl: cluster.url });
    const database = await server.open();
    await cluster.crash();
    await expect(database.query('system', 'SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailable);
    await expect(database.runInTransaction('system', (tx) => tx.query('SELECT 1'))).rejects.toBeInstanceOf(
      DatabaseUnavailable,
    );
    await cluster.start();
    await eventually(async () => expect(await database.query('system', 'SELECT 1 AS one')).toEqual([{ one: 1 }]));
    await server.drop();
  });
});

/** As a statement runs that forgot its scope: past `query` and its scope, on the same pool. */
async function withoutScope(database: Database, sql: string): Promise<unknown[]> {
  return database.dataSource.query<unknown[]>(sql);
}

async function isConnected(url: string, pid: number): Promise<boolean> {
  const { rowCount } = await asOwner(url, (client) =>
    client.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid]),
  );
  return rowCount !== 0;
}

async function asOwner<T>(url: string, fn: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
