import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withFileLock } from './index';

describe('withFileLock', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-test-lock-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('takes over the lock of a process that died, and leaves nothing behind', async () => {
    const lock = join(directory, 'dead.lock');
    // Above the largest process id that Linux gives.
    await writeFile(lock, '4194305');
    expect(await withFileLock(lock, () => Promise.resolve('mine'))).toBe('mine');
    expect(await readdir(directory)).toEqual([]);
  });

  it('lets nobody in while its holder works, also after a failure of it', async () => {
    const lock = join(directory, 'held.lock');
    let inside = 0;
    const work = async (): Promise<void> => {
      expect(++inside).toBe(1);
      await delay(10);
      inside--;
      throw new Error('work failed');
    };
    const results = await Promise.allSettled([withFileLock(lock, work), withFileLock(lock, work)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
