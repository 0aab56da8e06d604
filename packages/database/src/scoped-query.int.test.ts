import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { Client } from 'pg';
import { DatabaseUnavailable, tenantRowSecurity, type Database } from './index';

const tables = `
CREATE TABLE note (id integer PRIMARY KEY, organization_id uuid NOT NULL, text text NOT NULL);
${tenantRowSecurity(['note'])}`;
const mine = { organizationId: '00000000-0000-7000-8000-000000000001' };
const theirs = { organizationId: '00000000-0000-7000-8000-000000000002' };

describe('a statement in its scope', () => {
  let server: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [{ name: '0001-init', sql: tables }] });
    database = await server.open({ poolSize: 1 });
    for (const [id, scope] of [mine, theirs].entries())
      await database.query(scope, 'INSERT INTO note VALUES ($1, $2, $3)', [id, scope.organizationId, 'text']);
  });
  afterAll(() => server.drop());

  const ids = async (scope: typeof mine | 'system') =>
    (await database.query<{ id: number }>(scope, 'SELECT id FROM note ORDER BY id')).map(({ id }) => id);

  it('sees the rows of its scope alone, in turns on one connection', async () => {
    for (let n = 0; n < 3; n++) {
      expect(await ids(mine)).toEqual([0]);
      expect(await ids('system')).toEqual([0, 1]);
      expect(await ids(theirs)).toEqual([1]);
      expect(await database.dataSource.query('SELECT FROM note')).toEqual([]);
    }
  });

  it('writes only what its scope may see', async () => {
    const write = (id: number) =>
      database.query<{ text: string }>(mine, 'UPDATE note SET text = $2 WHERE id = $1 RETURNING text', [id, 'changed']);
    expect(await write(0)).toEqual([{ text: 'changed' }]);
    expect(await write(1)).toEqual([]);
    const forged = database.query(mine, 'INSERT INTO note VALUES (9, $1, $2)', [theirs.organizationId, 'forged']);
    await expect(forged).rejects.toThrow('row-level security');
    expect(await ids(theirs)).toEqual([1]);
  });

  it('leaves no scope behind when it fails', async () => {
    await expect(database.query(mine, 'SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
    expect(await database.dataSource.query('SELECT FROM note')).toEqual([]);
    expect(await ids(mine)).toEqual([0]);
  });

  it('takes every kind of parameter', async () => {
    const [row] = await database.query<Record<string, unknown>>(
      mine,
      'SELECT $1::int[] AS list, $2::jsonb AS json, $3::timestamptz AS at, $4::text AS nothing, $5::bytea AS bytes, $6::bool AS yes',
      [[1, 2], { a: `'"` }, new Date(0), null, Buffer.from([0, 255]), true],
    );
    expect(row).toEqual({
      list: [1, 2],
      json: { a: `'"` },
      at: new Date(0),
      nothing: null,
      bytes: Buffer.from([0, 255]),
      yes: true,
    });
  });

  it('works again after a migration that changed what it answers', async () => {
    const all = () => database.query<object>(mine, 'SELECT * FROM note');
    for (let n = 0; n < 6; n++) await all();
    const owner = new Client({ connectionString: server.ownerUrl });
    await owner.connect();
    await owner.query('ALTER TABLE things.note ADD COLUMN size integer');
    await owner.end();
    expect(await all()).toEqual([expect.objectContaining({ id: 0, size: null })]);
  });

  it('costs one round trip: what is asked goes out in one write, what is answered comes back after it', async () => {
    const wire = await Wire.to(server.url);
    const remote = await server.open({ url: wire.url, poolSize: 1 });
    const ask = () => remote.query(mine, 'SELECT id FROM note WHERE id = $1', [0]);
    await ask();
    wire.turns = 0;
    for (let n = 0; n < 5; n++) expect(await ask()).toEqual([{ id: 0 }]);
    expect(wire.turns).toBe(5);
    await remote.dataSource.destroy();
    wire.close();
  });

  it('is carried out once, where it says so, when the connection breaks before its answer; again otherwise', async () => {
    const wire = await Wire.to(server.url);
    const remote = await server.open({ url: wire.url, poolSize: 1 });
    const [id, text] = [1, 'twice?'];
    await database.query(theirs, 'UPDATE note SET text = $2 WHERE id = $1', [id, text]);
    const append = `UPDATE note SET text = text || '!' WHERE id = $1 RETURNING text`;
    await remote.query(theirs, 'SELECT');
    wire.cutAnswers = 1;
    await expect(remote.query(theirs, append, [id], { attempts: 1 })).rejects.toThrow(DatabaseUnavailable);
    expect(await remote.query(theirs, 'SELECT text FROM note')).toEqual([{ text: 'twice?!' }]);
    wire.cutAnswers = 1;
    expect(await remote.query(theirs, append, [id])).toEqual([{ text: 'twice?!!!' }]);
    await remote.dataSource.destroy();
    wire.close();
  });
});

/** A proxy that counts turns, how often the client spoke after the server had, and cuts connections off. */
class Wire {
  turns = 0;
  /** So many answers of the server are lost with their connections. */
  cutAnswers = 0;
  private lastSpoke: 'client' | 'server' = 'server';
  private readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(url: string): Promise<Wire> {
    const target = new URL(url);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const own = new URL(url);
    own.port = String((server.address() as AddressInfo).port);
    const wire = new Wire(server, own.href);
    server.on('connection', (client) => wire.pass(client, connect(Number(target.port), target.hostname)));
    return wire;
  }

  close(): void {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.close();
  }

  private pass(client: Socket, server: Socket): void {
    this.sockets.push(client, server);
    client.on('data', (bytes) => {
      if (this.lastSpoke === 'server') this.turns++;
      this.lastSpoke = 'client';
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      this.lastSpoke = 'server';
      if (this.cutAnswers > 0) {
        this.cutAnswers -= 1;
        server.destroy();
        client.destroy();
      } else client.write(bytes);
    });
    for (const socket of [client, server]) socket.on('error', () => undefined);
  }
}
