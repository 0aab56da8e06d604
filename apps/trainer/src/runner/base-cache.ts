import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '@attune/kernel';
import type { ClaimReply } from '../runner-protocol/protocol';
import { download } from './transfers';

const PARALLEL = 4;

/**
 * The base's folder, from the cache or downloaded into it. A folder appears under its digest in one rename after every file was verified, so
 * it is whole or absent, and runners that race for it do no harm.
 */
export async function fetchBase(
  cacheDirectory: string,
  base: ClaimReply['base'],
  url: (path: string) => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  const directory = join(cacheDirectory, 'bases', base.digest.replace('sha256:', ''));
  if (existsSync(directory)) return directory;
  const half = `${directory}.half-${String(process.pid)}`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true });
  try {
    await inParallel(base.files, PARALLEL, (file) =>
      download(() => url(file.path), join(half, file.path), file.sha256, signal),
    );
    await rename(half, directory);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Another runner was faster.
    if (!existsSync(directory)) throw error;
  }
  return directory;
}
