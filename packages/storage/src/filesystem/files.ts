import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Unfinished writes lie beside their target under names that no key can have (keys never begin with a dot). */
const UNFINISHED = /^\.[0-9a-f-]{36}\.part$/;

export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name);
}

/** True when the operating system refused with one of these codes. */
export function hasErrno(error: unknown, ...codes: string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.some((code) => code === error.code);
}

export interface UnfinishedFile {
  path: string;
  handle: FileHandle;
}

/** An unfinished file beside `target`, its folders made. Another process may prune them meanwhile, hence more than one try. */
export async function openUnfinished(target: string): Promise<UnfinishedFile> {
  const path = join(dirname(target), `.${randomUUID()}.part`);
  return withFolders(target, async () => ({ path, handle: await open(path, 'wx', 0o640) }));
}

/** Runs `step` with the folders of `target` made; again when a concurrent prune took one of them away in between. */
export async function withFolders<T>(target: string, step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const made = await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    try {
      // Before the step, so that what it opens is never left behind by a failure here.
      if (made !== undefined) await syncFolders(dirname(target), dirname(made));
      return await step();
    } catch (error) {
      if (tries === 10 || !hasErrno(error, 'ENOENT')) throw error;
    }
  }
}

/** Gives a finished file its name in one step: what was there before is replaced, or, write-once, EEXIST is thrown. */
export async function publish(unfinished: string, target: string, ifAbsent: boolean): Promise<void> {
  if (ifAbsent) {
    await link(unfinished, target);
    await rm(unfinished, { force: true });
  } else {
    await rename(unfinished, target);
  }
  await syncFolders(dirname(target), dirname(target));
}

/** Makes names durable: a file's own fsync does not cover the entry in its folder. Walks up from `from` to `to`. */
async function syncFolders(from: string, to: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (folder === to) return;
  }
}

/** Removes empty folders from `folder` upwards, never `root` itself. */
export async function prune(folder: string, root: string): Promise<void> {
  for (let at = folder; at.startsWith(`${root}/`); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      if (hasErrno(error, 'ENOTEMPTY', 'EEXIST')) return;
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }
}

export interface FoundFile {
  /** Relative to where the walk began, joined by `/`. */
  path: string;
  bytes: number;
  modifiedAt: Date;
}

/** Every file below `folder`, unfinished ones too, in the byte order of their paths. Files that vanish meanwhile are left out. */
export async function* walk(folder: string, below = ''): AsyncGenerator<FoundFile, void> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  // A folder sorts as its name with the slash, as its keys do: `a-b/x` comes before `a/x`.
  const named = entries.map((entry) => ({ entry, name: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  for (const { entry, name } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${below}${name}`;
    if (entry.isDirectory()) {
      yield* walk(folder, path);
      continue;
    }
    const found = await statOrNull(join(folder, path));
    if (found !== null) yield { path, bytes: found.bytes, modifiedAt: found.modifiedAt };
  }
}

/** Size and time of a plain file; null when there is none. */
export async function statOrNull(path: string): Promise<{ bytes: number; modifiedAt: Date } | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { bytes: found.size, modifiedAt: found.mtime } : null;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
