import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { storeFromConfig } from '../store-from-config';
import { hasErrno } from './files';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attune-files-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The files of the store that this process holds open. */
async function openFiles(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(directory));
}

it('an object that is written while its folder is removed is there or not, and leaves no file open', async () => {
  const store = storeFromConfig({ kind: 'filesystem', directory, signingSecret: 's'.repeat(32), publicBaseUrl: '' });
  for (let round = 0; round < 300; round++) {
    const prefix = `m/${String(round)}/`;
    const writing = store.put(`${prefix}data/one/audio`, Readable.from(['words'])).then(
      () => null,
      (error: unknown) => error,
    );
    for (let n = 0; n < round % 8; n++) await store.exists(prefix + 'data');
    await store.deletePrefix(prefix);
    // Written before its folder went, or refused because it went.
    const refusal = await writing;
    expect(refusal === null || hasErrno(refusal, 'ENOENT')).toBe(true);
  }
  expect(await openFiles()).toEqual([]);
});
