import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { eventually, temporaryDirectory } from '@attune/testing';
import { Client } from 'pg';
import { freePort, startNats, startPostgres, type EmbeddedPostgres } from './index';

// Each makes a cluster of its own, which is much work for a busy machine.
jest.setTimeout(120_000);

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('embedded PostgreSQL', () => {
  let directory: string;
  let server: EmbeddedPostgres | undefined;

  beforeEach(async () => {
    directory = await temporaryDirectory('embedded');
  });
  afterEach(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('keeps its data and its password from one start to the next', async () => {
    server = await startPostgres({ directory });
    const { url } = server;
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await server.stop();
    server = await startPostgres({ directory, port: server.port });
    expect(server.url).toBe(url);
    expect(await query(url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('asks for its password, which its owner alone can read, and syncs what it commits', async () => {
    server = await startPostgres({ directory });
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600);
    expect(await query(server.url, `SELECT current_setting('fsync') AS fsync`)).toEqual([{ fsync: 'on' }]);
  });

  it('comes back with everything that was committed when it is killed', async () => {
    server = await startPostgres({ directory, restart: 'always' });
    const { url } = server;
    await query(url, 'CREATE TABLE survived AS SELECT 1 AS one');
    server.kill('SIGKILL');
    await eventually(async () => expect(await query(url, 'SELECT one FROM survived')).toEqual([{ one: 1 }]), {
      timeoutMs: 40_000,
    });
    expect(server.child.restarts).toBeGreaterThanOrEqual(1);
  });

  it('is not held up by the lock file of a crash whose process id belongs to somebody else now', async () => {
    server = await startPostgres({ directory, restart: 'never' });
    const pidFile = join(directory, 'data', 'postmaster.pid');
    const content = await readFile(pidFile, 'utf8');
    server.kill('SIGKILL');
    await server.child.ended();
    await writeFile(pidFile, content.replace(/^\d+/, String(process.pid)));
    server = await startPostgres({ directory });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a second server on the same data', async () => {
    server = await startPostgres({ directory });
    await expect(startPostgres({ directory })).rejects.toThrow('already runs');
  });

  it('starts in a folder that the user it runs as cannot enter', async () => {
    const closed = await mkdtemp(join(homedir(), '.attune-test-'));
    try {
      const inHome = await startPostgres({ directory: join(closed, 'postgres'), durable: false });
      expect(await query(inHome.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await inHome.stop();
    } finally {
      await removeWithHome(join(closed, 'postgres'));
      await rm(closed, { recursive: true, force: true });
    }
  });
});

/** As root the data lies elsewhere, behind a link. */
async function removeWithHome(directory: string): Promise<void> {
  const home = await realpath(join(directory, 'home')).catch(() => null);
  if (home !== null) await rm(home, { recursive: true, force: true });
}

describe('embedded NATS', () => {
  it('lets in nobody without its password, and is back at the same address when it is killed', async () => {
    const directory = await temporaryDirectory('embedded');
    const server = await startNats({ directory });
    try {
      expect(await firstAnswer(server.port, 'CONNECT {"verbose":true}\r\nPING\r\n')).toContain(
        'Authorization Violation',
      );
      const { password } = new URL(server.url);
      const credentials = JSON.stringify({ verbose: true, user: 'attune', pass: password });
      expect(await firstAnswer(server.port, `CONNECT ${credentials}\r\nPING\r\n`)).toContain('PONG');
      server.kill('SIGKILL');
      await eventually(() => expect(server.child.restarts).toBe(1));
      await eventually(async () => {
        expect(await firstAnswer(server.port, `CONNECT ${credentials}\r\nPING\r\n`)).toContain('PONG');
      });
      expect(await readFile(join(directory, 'nats.conf'), 'utf8')).toContain('sync_interval: always');
    } finally {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });
});

/** What a server says, after its greeting, to a line of the NATS protocol. */
function firstAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on('data', (data) => {
      said += data.toString();
      if (/PONG|-ERR/.test(said)) socket.destroy();
    });
    socket.once('error', reject).once('close', () => resolve(said));
  });
}

describe('freePort', () => {
  it('answers a port that can be listened on, never the same twice and never one that the system gives away by itself', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    expect(new Set(ports).size).toBe(200);
    expect(ports.filter((port) => port <= 10_080 || port >= 30_000)).toEqual([]);
    const server = createServer().listen(ports[0], '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });

  it('passes over one that is taken', async () => {
    const port = await freePort();
    const taken = createServer().listen(port + 1, '127.0.0.1');
    // Or somebody else has it already, which is as good.
    await once(taken, 'listening').catch(() => undefined);
    expect(await freePort()).not.toBe(port + 1);
    taken.close();
  });
});
