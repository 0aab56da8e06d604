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
    let [inside, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await delay(10);
      inside--;
      throw new Error('work failed');
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => withFileLock(lock, work)));
    const failed = { status: 'rejected', reason: new Error('work failed') };
    expect(results).toEqual([failed, failed, failed]);
    expect(most).toBe(1);
  });
});
