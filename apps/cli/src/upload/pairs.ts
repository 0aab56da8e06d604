import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../exit-codes';

/** One file as it lay there; a changed one counts as another. */
export interface FoundFile {
  path: string;
  bytes: number;
  modifiedMs: number;
}

/** A recording and its transcript: same folder, same name but for the ending. `name` is relative to the uploaded folder. */
export interface FoundPair {
  name: string;
  audio: FoundFile;
  transcript: FoundFile;
}

export interface Unpaired {
  path: string;
  reason: 'no transcript beside it' | 'no recording beside it' | 'several recordings of this name';
}

export type DataType = 'train' | 'test';

const AUDIO = /\.(mp3|wav|flac|m4a|aac|ogg)$/i;
const TRANSCRIPT = /\.txt$/i;

/** Every pair below `folder`, by name, and the files that have no partner. Hidden files and folders are passed over. */
export async function findPairs(folder: string): Promise<{ pairs: FoundPair[]; unpaired: Unpaired[] }> {
  const groups = new Map<string, { audio: string[]; transcripts: string[] }>();
  for (const path of await filesBelow(folder)) {
    const kind = AUDIO.test(path) ? 'audio' : TRANSCRIPT.test(path) ? 'transcripts' : null;
    if (kind === null) continue;
    const name = path.replace(/\.[^.]+$/, '');
    const group = groups.get(name) ?? { audio: [], transcripts: [] };
    group[kind].push(path);
    groups.set(name, group);
  }
  const pairs: FoundPair[] = [];
  const unpaired: Unpaired[] = [];
  for (const [name, { audio, transcripts }] of groups) {
    const [recording, ...others] = audio;
    const [transcript] = transcripts;
    if (others.length > 0)
      unpaired.push(...audio.map((path) => ({ path, reason: 'several recordings of this name' as const })));
    else if (recording === undefined)
      unpaired.push(...transcripts.map((path) => ({ path, reason: 'no recording beside it' as const })));
    else if (transcript === undefined) unpaired.push({ path: recording, reason: 'no transcript beside it' });
    else pairs.push({ name, audio: await fileAt(folder, recording), transcript: await fileAt(folder, transcript) });
  }
  return { pairs: pairs.sort(byName), unpaired };
}

/** Paths relative to `folder`. Links to files count, links to folders are not followed: they may lead in a circle. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new UsageError(`cannot read the folder ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => part.startsWith('.')))
    .sort();
}

async function fileAt(folder: string, path: string): Promise<FoundFile> {
  const { size, mtimeMs } = await stat(join(folder, path));
  return { path: join(folder, path), bytes: size, modifiedMs: Math.round(mtimeMs) };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Chooses each pair's type: all `fixed` when given; else `share` of them (0 to 1, rounded) become test data, chosen by a hash
 * of their names, so that every run chooses the same; else by the folder they lie in (`test/...`), and train without one.
 */
export function typePairs(
  pairs: readonly FoundPair[],
  choice: { fixed?: DataType; share?: number },
): { pair: FoundPair; type: DataType }[] {
  const { fixed, share } = choice;
  if (fixed !== undefined) return pairs.map((pair) => ({ pair, type: fixed }));
  if (share !== undefined) {
    const ranked = pairs.map(({ name }) => name).sort((a, b) => (hashOf(a) < hashOf(b) ? -1 : 1));
    const test = new Set(ranked.slice(0, Math.round(share * pairs.length)));
    return pairs.map((pair) => ({ pair, type: test.has(pair.name) ? 'test' : 'train' }));
  }
  return pairs.map((pair) => ({ pair, type: pair.name.split(sep)[0] === 'test' ? 'test' : 'train' }));
}

function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}
