import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { DemoOptions } from './options';

/** A recording and its transcript, as a customer has them on disk. */
export interface PairOnDisk {
  audio: string;
  transcript: string;
}

/**
 * What the demo trains on and tests on; and beside it two sets that only the demo scores: the domain's terms in free
 * wordings, and everyday speech, on which the custom model must not have got worse.
 */
export interface DemoData {
  train: PairOnDisk[];
  test: PairOnDisk[];
  unseen: PairOnDisk[];
  general: PairOnDisk[];
}

const audioExtensions = new Set(['.mp3', '.wav', '.flac', '.m4a', '.aac', '.ogg']);

/** The pairs in a folder, by base name, sorted. Files without a partner are left out. */
export function pairsIn(folder: string): PairOnDisk[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => audioExtensions.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name))
    .map((audio) => ({ audio, transcript: `${audio.slice(0, -extname(audio).length)}.txt` }))
    .filter(({ transcript }) => existsSync(transcript));
}

/** The user's own pairs. Throws with what to do when there are none. */
export function ownData(directory: string): DemoData {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) throw new Error(`there is no folder ${directory}`);
  const split = existsSync(join(directory, 'train'));
  const train = pairsIn(split ? join(directory, 'train') : directory);
  if (train.length === 0) {
    throw new Error(
      `no pairs in ${directory}: each recording needs its transcript beside it (letter_01.mp3, letter_01.txt)`,
    );
  }
  const set = (name: string): PairOnDisk[] => pairsIn(join(directory, name));
  return { train, test: set('test'), unseen: set('unseen'), general: set('general') };
}

/** The sets that packages/speech made in `directory`. Half of the free wordings go into the test set. */
export function madeData(directory: string): DemoData {
  const set = (name: string): PairOnDisk[] => pairsIn(join(directory, name));
  const free = set('unseen');
  const half = Math.ceil(free.length / 2);
  return {
    train: set('train'),
    test: [...set('test'), ...free.slice(half)],
    unseen: free.slice(0, half),
    general: set('general'),
  };
}

/** Where made speech is kept, so that the second demo need not speak it again. */
export function madeDirectory(home: string, options: Pick<DemoOptions, 'minutes' | 'seed'>): string {
  return join(home, 'demo-data', `${String(options.minutes)}min-seed${String(options.seed)}`);
}

/** The transcript of a pair, as one line. */
export function transcriptOf(pair: PairOnDisk): string {
  return readFileSync(pair.transcript, 'utf8').trim();
}
