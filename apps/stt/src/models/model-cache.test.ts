import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { ManualClock } from '@attune/kernel';
import { baseKey, storeFromConfig, type ObjectStore } from '@attune/storage';
import { ModelCache, type ServedModel } from './model-cache';

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('the cache of model files', () => {
  let directory: string;
  let store: ObjectStore;
  let reads: number;
  const clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  const folder = () => join(directory, 'cache');

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-cache-'));
    reads = 0;
    const config = {
      kind: 'filesystem' as const,
      directory: join(directory, 'store'),
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://x',
    };
    store = storeFromConfig(config);
    await store.prepare();
    const get = store.get.bind(store);
    store.get = (...args) => {
      reads += 1;
      return get(...args);
    };
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = async (limitBytes = 1000) => {
    const cache = new ModelCache({ directory: folder(), limitBytes }, store, clock);
    await cache.onModuleInit();
    return cache;
  };
  const model = async (name: string, content = name.repeat(100)): Promise<ServedModel> => {
    const digest = digestOf(name);
    const key = baseKey(digest, 'model.bin');
    const { bytes, sha256 } = await store.put(key, Readable.from([Buffer.from(content)]));
    return {
      model: name,
      languages: ['en'],
      engine: 'e',
      digest,
      files: [{ path: 'sub/model.bin', key, bytes, sha256 }],
    };
  };
  const read = (cache: ModelCache, from: ServedModel) =>
    cache.use(from, (place) => readFile(join(place, 'sub/model.bin'), 'utf8'));
  const later = () => clock.advance(1000);

  it('fetches a model once for all requests, and keeps it over a restart', async () => {
    const [cache, a] = [await open(), await model('a')];
    expect(new Set(await Promise.all([1, 2, 3].map(() => read(cache, a))))).toEqual(new Set(['a'.repeat(100)]));
    expect(await read(await open(), a)).toBe('a'.repeat(100));
    expect(reads).toBe(1);
  });

  it('lets a model go that was not used for longest, when there are too many', async () => {
    const [cache, a, b, c] = [await open(250), await model('a'), await model('b'), await model('c')];
    for (const one of [a, b, a, c]) {
      await read(cache, one);
      later();
    }
    expect((await readdir(folder())).sort()).toEqual([a, c].map(({ digest }) => digest.slice(7)).sort());
  });

  it('never takes away a model that is in use', async () => {
    const [cache, a, b] = [await open(150), await model('a'), await model('b')];
    await cache.use(a, async (place) => {
      await read(cache, b);
      expect(await readFile(join(place, 'sub/model.bin'), 'utf8')).toBe('a'.repeat(100));
    });
  });

  it('counts what earlier processes left against its limit', async () => {
    const [a, b] = [await model('a'), await model('b')];
    await read(await open(), a);
    await read(await open(150), b);
    expect(await readdir(folder())).toEqual([b.digest.slice(7)]);
  });

  it('refuses files that are not what was promised, leaves nothing of them, and takes the right ones later', async () => {
    const [cache, a] = [await open(), await model('a')];
    await model('a', 'tampered');
    await expect(read(cache, a)).rejects.toThrow();
    expect(await readdir(folder())).toEqual([]);
    await model('a');
    expect(await read(cache, a)).toBe('a'.repeat(100));
  });

  it('finds files that were damaged on disk since, and fetches them anew', async () => {
    const a = await model('a');
    await read(await open(), a);
    await writeFile(join(folder(), a.digest.slice(7), 'sub/model.bin'), 'b'.repeat(100));
    expect(await read(await open(), a)).toBe('a'.repeat(100));
  });

  it('removes downloads that a crash has interrupted', async () => {
    await mkdir(join(folder(), '.incoming-1'), { recursive: true });
    await open();
    expect(await readdir(folder())).toEqual([]);
  });

  it('writes nowhere but into its own folder', async () => {
    const [cache, a] = [await open(), await model('a')];
    const [file] = a.files;
    if (file) file.path = '../../escaped';
    await expect(read(cache, a)).rejects.toThrow('path');
    expect(await readdir(directory)).not.toContain('escaped');
  });
});
