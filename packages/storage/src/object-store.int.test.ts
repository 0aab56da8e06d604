import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ManualClock, delay, type Clock } from '@attune/kernel';
import type { S3StoreConfig, StoreConfig } from './config';
import { filesystemStoreHandler } from './filesystem/filesystem-store.handler';
import type { ObjectStat, ObjectStore } from './object-store';
import { ObjectAlreadyExists, ObjectDigestMismatch, ObjectNotFound } from './object-store.errors';
import { storeFromConfig } from './store-from-config';
import { eventually, startTestS3 } from '@attune/testing';

const MiB = 1024 * 1024;

/** One store under test: how to reach it, with any clock for the one who signs. */
interface Subject {
  open(clock?: Clock): ObjectStore;
  /** Nothing but these keys is left anywhere, hidden files and folders included. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

async function filesystemSubject(): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), 'attune-store-'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const publicBaseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/store`;
  const config: StoreConfig = { kind: 'filesystem', directory, signingSecret: 's'.repeat(32), publicBaseUrl };
  const handler = filesystemStoreHandler(config);
  server.on('request', (request, response) => void handler(request, response));
  return {
    open: (clock) => storeFromConfig(config, clock),
    leftovers: () => readdir(directory, { recursive: true }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

type S3Server = Pick<S3StoreConfig, 'endpoint' | 'accessKey' | 'secretKey' | 'region'>;

/** A bucket of its own on a server, which may hold others'. */
function s3Subject(server: S3Server, stop: () => Promise<void>): Subject {
  const config: StoreConfig = { kind: 's3', bucket: `attune-${randomUUID().slice(0, 8)}`, ...server };
  const store = storeFromConfig(config);
  return {
    open: (clock) => storeFromConfig(config, clock),
    leftovers: async () => (await collect(store.list('t/'))).map(({ key }) => key),
    close: stop,
  };
}

async function versitygwSubject(): Promise<Subject> {
  const server = await startTestS3();
  if (server === null) throw new Error('versitygw did not start');
  return s3Subject(server, server.stop);
}

function namedServerSubject(endpoint: string): Promise<Subject> {
  const {
    TEST_S3_ACCESS_KEY: accessKey = '',
    TEST_S3_SECRET_KEY: secretKey = '',
    TEST_S3_REGION: region = 'us-east-1',
  } = process.env;
  return Promise.resolve(s3Subject({ endpoint, accessKey, secretKey, region }, () => Promise.resolve()));
}

const named = process.env.TEST_S3_ENDPOINT;
// Asked synchronously, for tests are registered synchronously.
const hasGo = spawnSync('go', ['version']).status === 0;
const subjects: [string, () => Promise<Subject>][] = [
  ['filesystem', filesystemSubject],
  ...(hasGo ? [['S3: versitygw', versitygwSubject] as [string, () => Promise<Subject>]] : []),
  ...(named === undefined
    ? []
    : [[`S3: ${named}`, () => namedServerSubject(named)] as [string, () => Promise<Subject>]]),
];

// One line in the report for what is left out.
if (!hasGo) test.skip('object store (S3: versitygw): there is no Go on PATH to build the server', () => undefined);

describe.each(subjects)('object store (%s)', (_name, start) => {
  let subject: Subject;
  let store: ObjectStore;

  beforeAll(async () => {
    subject = await start();
    store = subject.open();
    await store.prepare();
    await store.prepare();
    // Go builds the server the first time.
  }, 300_000);
  afterAll(async () => {
    await subject.close();
  });
  afterEach(async () => {
    await store.deletePrefix('t/');
    expect(await subject.leftovers()).toEqual([]);
    expect(await store.removeIncompleteUploads(0)).toBe(0);
  });

  const read = async (key: string, range?: { start: number; end?: number }): Promise<Buffer> =>
    buffer(await store.get(key, range === undefined ? {} : { range }));
  const keysBelow = async (prefix: string): Promise<string[]> =>
    (await collect(store.list(prefix))).map(({ key }) => key);

  test.each([0, 1, 1000, 8 * MiB, 8 * MiB + 1, 20 * MiB])(
    'gives back the %d bytes it took, and their sha256',
    async (bytes) => {
      const content = randomBytes(bytes);
      const stored = await store.put('t/a', inPieces(content));
      expect(stored).toEqual({ bytes, sha256: digest(content) });
      const { modifiedAt, ...stat } = await store.stat('t/a');
      expect(stat).toEqual({ key: 't/a', bytes });
      expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(60_000);
      expect(digest(await read('t/a'))).toBe(stored.sha256);
    },
  );

  test('replaces an object as a whole', async () => {
    await store.put('t/a', Readable.from([Buffer.from('the first, longer')]));
    await store.put('t/a', Readable.from([Buffer.from('second')]));
    expect((await read('t/a')).toString()).toBe('second');
  });

  test.each([1000, 9 * MiB])(
    'a write-once key refuses the second write of %d bytes and keeps the first',
    async (bytes) => {
      const first = randomBytes(bytes);
      await store.put('t/a', inPieces(first), { ifAbsent: true });
      const second = store.put('t/a', inPieces(randomBytes(bytes)), { ifAbsent: true });
      await expect(second).rejects.toThrow(ObjectAlreadyExists);
      expect(digest(await read('t/a'))).toBe(digest(first));
    },
  );

  test('of racing write-once writers exactly one wins, and its bytes are the object', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => Buffer.from(`writer ${String(i)}`));
    const settled = await Promise.allSettled(
      contents.map((content) => store.put('t/a', inPieces(content), { ifAbsent: true })),
    );
    const winners = settled.flatMap((one, i) => (one.status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    expect((await read('t/a')).toString()).toBe(`writer ${String(winners[0])}`);
    for (const one of settled) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ObjectAlreadyExists);
  });

  test.each([100, 20 * MiB])(
    'a body that fails after %d bytes leaves nothing, and its error comes out',
    async (bytes) => {
      const body = Readable.from(
        (function* () {
          yield randomBytes(bytes);
          throw new Error('the client went away');
        })(),
      );
      await expect(store.put('t/deep/a', body)).rejects.toThrow('the client went away');
      expect(await store.exists('t/deep/a')).toBe(false);
      expect(await subject.leftovers()).toEqual([]);
    },
  );

  test('a body that is destroyed without an error leaves nothing, and what was there before stays', async () => {
    await store.put('t/a', Readable.from([Buffer.from('before')]));
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(9 * MiB));
    const put = store.put('t/a', body);
    setTimeout(() => body.destroy(), 100);
    await expect(put).rejects.toThrow();
    expect((await read('t/a')).toString()).toBe('before');
  });

  test('an upload that never ends is not visible and is removed by its age', async () => {
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(9 * MiB));
    const put = store.put('t/a', body).catch(() => 'ended');
    await delay(500);
    expect(await keysBelow('t/')).toEqual([]);
    expect(await store.removeIncompleteUploads(3600)).toBe(0);
    // A store may count its age in whole seconds, and a slow one begins it late.
    await eventually(async () => expect(await store.removeIncompleteUploads(0)).toBe(1));
    body.push(null);
    expect(await put).toBe('ended');
  });

  test('reads ranges', async () => {
    const content = randomBytes(1000);
    await store.put('t/a', inPieces(content));
    expect(await read('t/a', { start: 10, end: 19 })).toEqual(content.subarray(10, 20));
    expect(await read('t/a', { start: 0, end: 0 })).toEqual(content.subarray(0, 1));
    expect(await read('t/a', { start: 990 })).toEqual(content.subarray(990));
  });

  test('a missing object is ObjectNotFound to every reader', async () => {
    await expect(store.get('t/none')).rejects.toThrow(ObjectNotFound);
    await expect(store.get('t/none', { range: { start: 1 } })).rejects.toThrow(ObjectNotFound);
    await expect(store.stat('t/none')).rejects.toThrow(ObjectNotFound);
    await expect(store.copy('t/none', 't/a')).rejects.toThrow(ObjectNotFound);
    expect(await store.exists('t/none')).toBe(false);
    expect(await store.exists('t/a')).toBe(false);
    await store.delete('t/none');
  });

  test('copies', async () => {
    const content = randomBytes(9 * MiB);
    await store.put('t/a', inPieces(content));
    await store.copy('t/a', 't/copies/b');
    await store.delete('t/a');
    expect(digest(await read('t/copies/b'))).toBe(digest(content));
  });

  test('lists in byte order, below the prefix only, and removes exactly that', async () => {
    const keys = ['t/1/b', 't/1/a/x', 't/1-b/x', 't/11/a', 't/1/a-b', 't/2/a'];
    for (const key of keys) await store.put(key, Readable.from([Buffer.from(key)]));
    expect(await keysBelow('t/')).toEqual([...keys].sort());
    expect(await keysBelow('t/1/')).toEqual(['t/1/a-b', 't/1/a/x', 't/1/b']);
    expect(await keysBelow('t/none/')).toEqual([]);
    expect(await store.deletePrefix('t/1/')).toBe(3);
    expect(await store.deletePrefix('t/1/')).toBe(0);
    expect(await keysBelow('t/')).toEqual(['t/1-b/x', 't/11/a', 't/2/a']);
  });

  test('lists and removes more than one page', async () => {
    for (let at = 0; at < 1100; at += 50) {
      const batch = Array.from({ length: 50 }, (_, i) => `t/page/k${String(at + i).padStart(4, '0')}`);
      await Promise.all(batch.map((key) => store.put(key, Readable.from([Buffer.from('x')]))));
    }
    expect(await keysBelow('t/page/')).toHaveLength(1100);
    expect(await store.deletePrefix('t/page/')).toBe(1100);
  });

  test.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', '', '.x', 'a/.x', 'a\0'])(
    'refuses %j as a key before it touches anything',
    async (key) => {
      await expect(store.put(key, Readable.from([Buffer.from('x')]))).rejects.toThrow();
      await expect(store.get(key)).rejects.toThrow();
      await expect(store.deletePrefix(`${key}/`)).rejects.toThrow();
      await expect((async () => store.signedGet(key, 60))()).rejects.toThrow();
    },
  );

  test('a stream of unknown length passes through bounded memory', async () => {
    const piece = randomBytes(MiB);
    const total = 160;
    let sent = 0;
    const body = new Readable({
      read() {
        this.push(sent++ < total ? piece : null);
      },
    });
    let peak = 0;
    const before = process.memoryUsage().arrayBuffers;
    const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)), 5);
    const stored = await store.put('t/large', body);
    clearInterval(sampler);
    expect(stored.bytes).toBe(total * MiB);
    // Two parts, what waits for the collector, and the sockets' own buffers: far from the 160 MiB that went by.
    expect(peak).toBeLessThan(80 * MiB);
  });

  test('a signed GET works without any key, ranges too, until it expires', async () => {
    const content = randomBytes(5000);
    await store.put('t/a', inPieces(content));
    const url = await store.signedGet('t/a', 60);
    const whole = await fetch(url);
    expect(whole.status).toBe(200);
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(content);
    const part = await fetch(url, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 100-199/5000');
    expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(100, 200));
    const tail = await fetch(url, { headers: { range: 'bytes=-10' } });
    expect(Buffer.from(await tail.arrayBuffer())).toEqual(content.subarray(4990));
    expect((await fetch(url, { headers: { range: 'bytes=5000-' } })).status).toBe(416);

    const yesterday = subject.open(new ManualClock(new Date(Date.now() - 86_400_000)));
    expect([403, 410]).toContain((await fetch(await yesterday.signedGet('t/a', 60))).status);
    expect((await fetch(await store.signedGet('t/none', 60))).status).toBe(404);
  });

  test('a signed URL that was changed, or is used for anything else, is refused', async () => {
    await store.put('t/a', Readable.from([Buffer.from('mine')]));
    await store.put('t/b', Readable.from([Buffer.from('not yours')]));
    const url = await store.signedGet('t/a', 60);
    expect((await fetch(url.replace('t/a?', 't/b?'))).status).toBe(403);
    expect((await fetch(url.replace(/([Ee]xpires=)\d+/, '$19999999999'))).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(url.replace(/[0-9a-f]$/, (c) => (c === '0' ? '1' : '0')))).status).toBe(403);
    expect((await fetch(url.slice(0, url.indexOf('?')))).status).toBe(403);
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
    expect((await fetch(url, { method: 'DELETE' })).status).toBeGreaterThanOrEqual(400);
    const put = await store.signedPut('t/c', 60);
    expect(
      (await fetch(put.url.replace('t/c?', 't/b?'), { method: 'PUT', body: 'x', headers: put.headers })).status,
    ).toBe(403);
    expect((await fetch(put.url, { method: 'GET', headers: put.headers })).status).toBe(403);
    expect((await read('t/b')).toString()).toBe('not yours');
    expect(await keysBelow('t/')).toEqual(['t/a', 't/b']);
  });

  test('a signed PUT writes once', async () => {
    const content = randomBytes(9 * MiB);
    const put = await store.signedPut('t/new/a', 60);
    const send = async (body: Buffer): Promise<number> =>
      (await fetch(put.url, { method: 'PUT', headers: put.headers, body: new Uint8Array(body) })).status;
    expect([200, 201]).toContain(await send(content));
    // Small: a server may refuse before it has read the body, and then close.
    expect(await send(randomBytes(1000))).toBe(412);
    expect(digest(await read('t/new/a'))).toBe(digest(content));

    const yesterday = subject.open(new ManualClock(new Date(Date.now() - 86_400_000)));
    const late = await yesterday.signedPut('t/late', 60);
    expect([403, 410]).toContain((await fetch(late.url, { method: 'PUT', headers: late.headers, body: 'x' })).status);
  });

  test('the headers of a signed PUT cannot be left out to overwrite', async () => {
    await store.put('t/a', Readable.from([Buffer.from('first')]));
    const put = await store.signedPut('t/a', 60);
    expect([403, 412]).toContain((await fetch(put.url, { method: 'PUT', body: 'second' })).status);
    expect((await read('t/a')).toString()).toBe('first');
  });

  test('a put or a signed PUT of known bytes takes no others', async () => {
    const content = randomBytes(9 * MiB);
    const others = randomBytes(9 * MiB);
    for (const size of [100, 9 * MiB]) {
      const sha256 = digest(content.subarray(0, size));
      await expect(store.put('t/a', inPieces(others.subarray(0, size)), { sha256 })).rejects.toThrow(
        ObjectDigestMismatch,
      );
      expect(await store.exists('t/a')).toBe(false);
      const put = await store.signedPut('t/a', 60, sha256);
      const send = async (body: Buffer): Promise<number> =>
        (await fetch(put.url, { method: 'PUT', headers: put.headers, body: new Uint8Array(body) })).status;
      expect(await send(others.subarray(0, size))).toBe(400);
      expect(await store.exists('t/a')).toBe(false);
      expect([200, 201]).toContain(await send(content.subarray(0, size)));
      await store.delete('t/a');
      expect((await store.put('t/a', inPieces(content.subarray(0, size)), { sha256 })).sha256).toBe(sha256);
      await store.delete('t/a');
    }
  });

  test('a signed PUT of known bytes whose connection breaks leaves nothing', async () => {
    const put = await store.signedPut('t/a', 60, digest(randomBytes(20)));
    await new Promise<void>((resolve) => {
      const request = httpRequest(put.url, { method: 'PUT', headers: { ...put.headers, 'content-length': 20 * MiB } });
      request.on('error', () => undefined).on('close', resolve);
      request.write(randomBytes(MiB), () => setTimeout(() => request.destroy(), 50));
    });
    await delay(300);
    await eventually(async () => expect(await subject.leftovers()).toEqual([]));
  });
});

async function collect(list: AsyncIterable<ObjectStat>): Promise<ObjectStat[]> {
  const found: ObjectStat[] = [];
  for await (const one of list) found.push(one);
  return found;
}

function digest(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function inPieces(content: Buffer, bytes = 100_000): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += bytes) yield content.subarray(at, at + bytes);
    })(),
  );
}
