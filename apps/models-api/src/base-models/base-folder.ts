import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { messageOf } from '@attune/kernel';
import { baseKey, basePrefix, type ObjectStore } from '@attune/storage';
import { z } from 'zod';
import type { Base, BaseFile } from './base-model';

const DESCRIPTION = 'base.json';

/** base.json, as packages/engine-protocol/README.md has it. */
const description = z.object({
  name: z.string().min(1),
  engine: z.string().min(1),
  source: z.string().min(1),
  licence: z.string().min(1),
  languages: z.array(z.string().min(1)).min(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

/** The folder is not a whole base; the message says what to mend. */
export class BadBaseFolder extends Error {
  constructor(directory: string, reason: string, options?: { cause?: unknown }) {
    super(`${directory} is not a base folder: ${reason}`, options);
    this.name = 'BadBaseFolder';
  }
}

/**
 * Reads a base folder and checks every file against the digest in its description (sha256 over the sorted
 * `path sha256` lines of all other files). Throws BadBaseFolder.
 */
export async function readBaseFolder(directory: string): Promise<Base> {
  const described = await readDescription(directory);
  const { digest } = described;
  const files = await listFiles(directory, digest);
  const own = digestOf(files.filter(({ path }) => path !== DESCRIPTION));
  if (own !== digest)
    throw new BadBaseFolder(directory, `its files have the digest ${own}, its description says ${digest}`);
  for (const needed of ['transformers/', 'ctranslate2/']) {
    if (!files.some(({ path }) => path.startsWith(needed))) throw new BadBaseFolder(directory, `${needed} is missing`);
  }
  return { ...described, location: basePrefix(digest), files };
}

/** Puts the files of a base into the store that are not there yet, and checks the bytes as they go by. */
export async function storeBase(store: ObjectStore, directory: string, base: Base): Promise<number> {
  let stored = 0;
  for (const file of base.files) {
    if (await isStored(store, file)) continue;
    const { sha256 } = await store.put(file.key, createReadStream(join(directory, file.path)));
    if (sha256 !== file.sha256) throw new BadBaseFolder(directory, `${file.path} changed while it was read`);
    stored += 1;
  }
  return stored;
}

/** Keys of bases contain their digest, so an object of the right length is the right object. */
async function isStored(store: ObjectStore, file: BaseFile): Promise<boolean> {
  return (await store.exists(file.key)) && (await store.stat(file.key)).bytes === file.bytes;
}

async function readDescription(directory: string): Promise<z.infer<typeof description>> {
  try {
    return description.parse(JSON.parse(await readFile(join(directory, DESCRIPTION), 'utf8')));
  } catch (error) {
    throw new BadBaseFolder(directory, `${DESCRIPTION}: ${messageOf(error)}`, { cause: error });
  }
}

async function listFiles(directory: string, digest: string): Promise<BaseFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const files: BaseFile[] = [];
  for (const path of paths.sort()) {
    const absolute = join(directory, path);
    const { size: bytes } = await stat(absolute);
    files.push({ path, key: baseKey(digest, path), bytes, sha256: await sha256Of(absolute) });
  }
  return files;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/** A folder's digest, as every engine computes it. */
export function digestOf(files: readonly { path: string; sha256: string }[]): string {
  const lines = files.map(({ path, sha256 }) => `${path} ${sha256}\n`).sort();
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
}
