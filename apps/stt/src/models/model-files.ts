import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StoredFile } from '@attune/events';
import { getVerified, type ObjectStore } from '@attune/storage';

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The name of a model's folder. Throws for anything but `sha256:<64 hex>`. */
export function folderName(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined) throw new Error(`not a digest: ${digest}`);
  return hex;
}

export function bytesOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Writes the files below `directory`, each checked against its sha256 as it comes. On failure something may be left there. */
export async function download(store: ObjectStore, files: readonly StoredFile[], directory: string): Promise<void> {
  for (const file of files) {
    const path = pathOf(directory, file);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await getVerified(store, file.key, file.sha256), createWriteStream(path, { mode: 0o600 }));
  }
}

/** Whether every file is there with the right bytes; reads all of them. */
export async function isIntact(directory: string, files: readonly StoredFile[]): Promise<boolean> {
  for (const file of files) {
    const path = pathOf(directory, file);
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size !== file.bytes || (await sha256Of(path)) !== file.sha256) return false;
  }
  return true;
}

/** What a folder that an earlier process left takes, and when it was made. */
export async function measureFolder(directory: string): Promise<{ bytes: number; lastUsedAt: number }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), lastUsedAt: (await stat(directory)).mtimeMs };
}

/** An engine chose these paths: only plain ones become files. */
function pathOf(directory: string, file: StoredFile): string {
  if (!file.path.split('/').every((part) => SEGMENT.test(part)))
    throw new Error(`not a model file's path: ${file.path}`);
  return join(directory, file.path);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>)
    hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
