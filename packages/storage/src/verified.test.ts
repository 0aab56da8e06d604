import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectStore } from './object-store';
import { storeFromConfig } from './store-from-config';
import { verifiedLines } from './verified';

const key = 'o/lines';
const digestOf = (content: string) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

describe('lines of an object', () => {
  let directory: string;
  let store: ObjectStore;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-lines-'));
    const config = {
      kind: 'filesystem' as const,
      directory,
      signingSecret: 's'.repeat(32),
      publicBaseUrl: 'http://127.0.0.1',
    };
    store = storeFromConfig(config);
    await store.prepare();
  });
  afterAll(() => rm(directory, { recursive: true }));

  const linesOf = async (content: string, sha256 = digestOf(content)) => {
    await store.put(key, Readable.from([Buffer.from(content)]));
    const lines: string[] = [];
    for await (const line of verifiedLines(store, key, sha256)) lines.push(line);
    return lines;
  };

  it('are whole, whatever the pieces they come in', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `${String(index)} ${'ü'.repeat(index % 97)}`);
    expect(await linesOf(lines.join('\n'))).toEqual(lines);
    expect(await linesOf(`${lines.join('\n')}\n`)).toEqual(lines);
    expect(await linesOf('')).toEqual([]);
  });

  it('end with an error when the object is not the one that was meant', async () => {
    await expect(linesOf('a\nb\n', digestOf('a\nc\n'))).rejects.toThrow('Internal error');
  });

  it('never grow without bound', async () => {
    await expect(linesOf('x'.repeat(3 * 1024 * 1024))).rejects.toThrow('longer than 1 MiB');
  });
});
