import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import { SessionLocks, tenantRowSecurity, type Database, type Tx } from './index';

const migrations = [
  {
    name: '0001-init',
    sql: `CREATE TABLE note (organization_id uuid NOT NULL, text text NOT NULL UNIQUE); ${tenantRowSecurity(['note'])}`,
  },
];
const mine = '00000000-0000-7000-8000-000000000001';
const other = '00000000-0000-7000-8000-000000000002';
const scope = { organizationId: mine };

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await createTestDatabase({ schema: 'notes', migrations });
  database = await server.open({ poolSize: 2 });
});
afterAll(() => server.drop());

const add = (text: string, organizationId = mine): Promise<number> =>
  database.runInTransaction({ organizationId }, (tx) =>
    tx.execute('INSERT INTO note (organization_id, text) VALUES ($1, $2)', [organizationId, text]),
  );
const has = async (text: string): Promise<boolean> =>
  database.runInTransaction('system', async (tx) => {
    return (await tx.query('SELECT 1 FROM note WHERE text = $1', [text])).length > 0;
  });

describe('a joined transaction', () => {
  it('commits what every transaction inside it wrote, together or not at all', async () => {
    await database.runJoined(scope, async () => {
      await add('a');
      await add('b');
      expect(await has('a')).toBe(false);
    });
    expect([await has('a'), await has('b')]).toEqual([true, true]);
    const failing = database.runJoined(scope, async () => {
      await add('c');
      throw new Error('later');
    });
    await expect(failing).rejects.toThrow('later');
    expect(await has('c')).toBe(false);
  });

  it('shows reads and queries inside it what was written', async () => {
    await database.runJoined(scope, async () => {
      await add('d');
      const select = `SELECT text FROM note WHERE text = 'd'`;
      expect(await database.query(scope, select)).toHaveLength(1);
      expect(await database.read(scope, (tx) => tx.query(select))).toHaveLength(1);
    });
  });

  it('undoes one that failed alone, and goes on', async () => {
    await database.runJoined(scope, async () => {
      await add('e');
      await expect(add('e')).rejects.toThrow('duplicate');
      await Promise.all([add('f'), add('g')]);
    });
    expect([await has('e'), await has('f'), await has('g')]).toEqual([true, true, true]);
  });

  it('is not joined by another organization’s work, nor by what outlives it', async () => {
    let later: Promise<unknown> = Promise.resolve();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const failing = database.runJoined(scope, async () => {
      await add('h', other);
      later = ended.then(() => add('i'));
      await add('j');
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    end();
    await later;
    expect([await has('h'), await has('i'), await has('j')]).toEqual([true, true, false]);
  });

  it('reads what is the platform’s over its own connection: more of them than connections do not wait for each other', async () => {
    await add('k', other);
    const count = (tx: Tx) => tx.query<{ texts: number }>(`SELECT count(*) AS texts FROM note WHERE text = 'k'`);
    const seen = await Promise.all(
      Array.from({ length: 8 }, () =>
        database.runJoined(scope, async (tx) => {
          const [all] = await database.read('system', count);
          const [own] = await count(tx);
          return [all?.texts, own?.texts];
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 8 }, () => [1, 0]));
  });
});

describe('a joined transaction of the platform', () => {
  it('is joined by every organization’s work, in that organization’s scope, and commits it all', async () => {
    await database.runJoined('system', async (tx) => {
      await add('l');
      const seen = await database.query<{ text: string }>({ organizationId: other }, 'SELECT text FROM note');
      expect(seen.map(({ text }) => text)).not.toContain('l');
      await expect(
        database.runInTransaction({ organizationId: other }, (inner) =>
          inner.execute(`INSERT INTO note (organization_id, text) VALUES ($1, 'm')`, [mine]),
        ),
      ).rejects.toThrow('row-level security');
      expect(await tx.query(`SELECT 1 FROM note WHERE text = 'l'`)).toHaveLength(1);
      await database.runInTransaction(scope, async (inner) => {
        expect(inner.organizationId).toBe(mine);
        expect(await database.read('system', (all) => all.query(`SELECT 1 FROM note WHERE text = 'h'`))).toHaveLength(
          1,
        );
        expect(await inner.query(`SELECT 1 FROM note WHERE text = 'h'`)).toHaveLength(0);
      });
      await add('n', other);
    });
    expect([await has('l'), await has('m'), await has('n')]).toEqual([true, false, true]);
    const failing = database.runJoined('system', async () => {
      await add('o');
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect(await has('o')).toBe(false);
  });
});

describe('a session lock', () => {
  const open = () => new SessionLocks({ url: server.url, applicationName: 'locks' });

  it('has one holder, in this process or another, until it is given back', async () => {
    const [here, there] = [open(), open()];
    const unlock = await here.tryLock('-7');
    expect([await here.tryLock('-7'), await there.tryLock('-7')]).toEqual([null, null]);
    expect(await there.tryLock('8')).not.toBeNull();
    await unlock?.();
    expect(await there.tryLock('-7')).not.toBeNull();
    await Promise.all([here.close(), there.close()]);
  });

  it('is free as soon as its holder’s connection is gone, and can be had again over a new one', async () => {
    const [here, there] = [open(), open()];
    await here.tryLock('9');
    await database.query(
      'system',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'locks'`,
    );
    await eventually(async () => expect(await there.tryLock('9')).not.toBeNull());
    await eventually(async () => expect(await here.tryLock('10')).not.toBeNull());
    await Promise.all([here.close(), there.close()]);
  });
});
