import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ObjectNotFound, type ObjectStore } from '@attune/storage';
import { writeWhole, type Written } from './files';

/** Key -> what was copied. */
export type ObjectsCopy = Record<string, Written>;

/** What every key begins with: packages/storage/src/keys.ts. */
const ROOTS = ['o/', 'bases/'];
const AT_ONCE = 8;

/**
 * Copies what `copied` does not have yet into `directory`, and notes it there. An object never changes under its key, so one that was
 * copied need not be looked at again; one that is removed meanwhile is left out.
 */
export async function copyObjects(store: ObjectStore, directory: string, copied: ObjectsCopy): Promise<void> {
  for (const root of ROOTS) {
    await eachAtOnce(keysOf(store, root), async (key) => {
      if (key in copied) return;
      const path = join(directory, key);
      await mkdir(dirname(path), { recursive: true });
      try {
        copied[key] = await writeWhole(path, await store.get(key));
      } catch (error) {
        if (!(error instanceof ObjectNotFound)) throw error;
      }
    });
  }
}

/** Puts every object where it was. What is there already stays; the store refuses bytes that are not those of the backup. */
export async function loadObjects(store: ObjectStore, directory: string, copied: ObjectsCopy): Promise<void> {
  await store.prepare();
  await eachAtOnce(Object.entries(copied), async ([key, { sha256 }]) => {
    if (!(await store.exists(key))) await store.put(key, createReadStream(join(directory, key)), { sha256 });
  });
}

async function* keysOf(store: ObjectStore, root: string): AsyncIterable<string> {
  for await (const { key } of store.list(root)) yield key;
}

/** A few at a time; the first failure ends it. */
async function eachAtOnce<T>(items: AsyncIterable<T> | Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const item of items) {
    const one: Promise<void> = work(item).finally(() => running.delete(one));
    running.add(one);
    if (running.size >= AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
}
