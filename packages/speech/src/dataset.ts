import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeUnderCondition, type Condition } from './conditions';
import { requirePrograms } from './programs';
import { Deck, seededRandom, shuffled, type Random } from './random';
import { speakAll } from './synthesis';
import { freeRadiologySentences, generalSentences } from './text/free-sentences';
import { SentenceSource } from './text/grammar';
import { radiology } from './text/radiology';
import { heldOutVoice, trainingVoices, type VoiceName } from './voices';
import { secondsOf } from './waveform';

/** Raised by one whenever the same options give other data than before, so that no cached set survives the change. */
const RECIPE = 1;
const MANIFEST = 'manifest.json';
/** Of a dictated sentence here; only a first guess, the sounds themselves are measured. */
const EXPECTED_SECONDS = 5;

/**
 * `train` and `test` are dictations of one kind, with no sentence in common and one speaker in `test` only; `unseen` has
 * the same terms in quite different wordings; `general` is everyday speech.
 */
export const setNames = ['train', 'test', 'unseen', 'general'] as const;
export type SetName = (typeof setNames)[number];

export interface DatasetOptions {
  /** A folder to make; one that already holds a data set is replaced when its options differ. */
  readonly directory: string;
  /** Chooses the sentences, voices, conditions and noises. */
  readonly seed: number;
  /** Length of the training set: at least this, and less than one sentence over it. */
  readonly minutes: number;
  /** Sentences in the test set, 56 if not said. */
  readonly testItems?: number;
  /** Sentences in each of `unseen` and `general`, at most 40 and 40 if not said. */
  readonly freeItems?: number;
}

export interface DatasetItem {
  readonly set: SetName;
  /** Path of the sound below the directory; the transcript lies beside it, named .txt. */
  readonly audio: string;
  readonly transcript: string;
  readonly voice: VoiceName;
  readonly condition: Condition;
  readonly seconds: number;
}

interface Recipe {
  readonly version: number;
  readonly domain: 'radiology';
  readonly seed: number;
  readonly minutes: number;
  readonly testItems: number;
  readonly freeItems: number;
}

/** What a data set holds; lies as manifest.json in its directory and is written last. */
export interface Manifest {
  readonly recipe: Recipe;
  readonly items: readonly DatasetItem[];
}

export interface Progress {
  readonly items: number;
  readonly seconds: number;
  /** An estimate until the end. */
  readonly expectedSeconds: number;
}

interface PlannedItem {
  readonly set: SetName;
  readonly name: string;
  readonly text: string;
  readonly voice: VoiceName;
  readonly condition: Condition;
  readonly extension: string;
  readonly random: Random;
}

/** The diphone voices of 1998 are the least like people, so they get one share where the others get two. */
const VOICE_SHARES = [...trainingVoices, 'rms', 'slt', 'awb', 'slt-hts'] as const satisfies readonly VoiceName[];
/** Half of all is clean, a quarter noisy, a quarter over the telephone. */
const CONDITION_SHARES = ['clean', 'clean', 'noisy', 'telephone'] as const;
/** Formats of microphone recordings; telephone systems write WAVE. */
const EXTENSIONS = ['mp3', 'wav', 'flac'] as const;

/** Gives each sentence of a set its voice, condition and format. */
function planner(set: SetName, seed: number): (text: string) => PlannedItem {
  const deckFor = <T>(what: string, items: readonly [T, ...T[]]) =>
    new Deck(items, seededRandom(`${seed}/${set}/${what}`));
  const voiceDeck = deckFor<VoiceName>('voice', set === 'test' ? [...VOICE_SHARES, heldOutVoice] : VOICE_SHARES);
  const conditionDeck = deckFor<Condition>('condition', CONDITION_SHARES);
  const extensionDeck = deckFor<string>('format', EXTENSIONS);
  let count = 0;
  return (text) => {
    const condition = conditionDeck.draw();
    const name = `${set}-${String(++count).padStart(4, '0')}`;
    const extension = condition === 'telephone' ? 'wav' : extensionDeck.draw();
    return { set, name, text, voice: voiceDeck.draw(), condition, extension, random: seededRandom(`${seed}/${name}`) };
  };
}

function record(
  directory: string,
  plan: readonly PlannedItem[],
  onItem: (item: DatasetItem) => void,
): Promise<DatasetItem[]> {
  return speakAll(plan, async (sound, { set, name, text, voice, condition, extension, random }) => {
    const audio = join(set, `${name}.${extension}`);
    await writeUnderCondition(sound, condition, join(directory, audio), random);
    await writeFile(join(directory, set, `${name}.txt`), `${text}\n`);
    const item = { set, audio, transcript: text, voice, condition, seconds: Number(secondsOf(sound).toFixed(3)) };
    onItem(item);
    return item;
  });
}

function totalSeconds(items: readonly DatasetItem[]): number {
  return items.reduce((sum, item) => sum + item.seconds, 0);
}

/** Sentences of the free sets, in an order that the seed chooses. */
function freeSentences(set: 'unseen' | 'general', { seed, freeItems }: Recipe): string[] {
  const sentences = set === 'unseen' ? freeRadiologySentences : generalSentences;
  return shuffled(sentences, seededRandom(`${seed}/${set}/sentences`)).slice(0, freeItems);
}

async function recordAll(
  directory: string,
  recipe: Recipe,
  onProgress: (progress: Progress) => void,
): Promise<DatasetItem[]> {
  const { seed } = recipe;
  const trainSeconds = recipe.minutes * 60;
  const progress = {
    items: 0,
    seconds: 0,
    expectedSeconds: trainSeconds + (recipe.testItems + 2 * recipe.freeItems) * EXPECTED_SECONDS,
  };
  const onItem = (item: DatasetItem) => {
    progress.items += 1;
    progress.seconds += item.seconds;
    progress.expectedSeconds = Math.max(progress.expectedSeconds, progress.seconds);
    onProgress({ ...progress });
  };

  const testSource = new SentenceSource(radiology, 'finding', seededRandom(`${seed}/test/sentences`));
  const testSentences = Array.from({ length: recipe.testItems }, () => testSource.next());
  const others = [
    ...testSentences.map(planner('test', seed)),
    ...freeSentences('unseen', recipe).map(planner('unseen', seed)),
    ...freeSentences('general', recipe).map(planner('general', seed)),
  ];
  const items = await record(directory, others, onItem);

  const trainSource = new SentenceSource(radiology, 'finding', seededRandom(`${seed}/train/sentences`), testSentences);
  const plan = planner('train', seed);
  const train: DatasetItem[] = [];
  for (let missing = trainSeconds; missing > 0; missing = trainSeconds - totalSeconds(train)) {
    // Rounded down so that the last round, of one sentence, is the only one that can go beyond the length asked for.
    const mean = train.length > 0 ? totalSeconds(train) / train.length : EXPECTED_SECONDS;
    const count = Math.max(1, Math.floor((0.9 * missing) / mean));
    train.push(
      ...(await record(
        directory,
        Array.from({ length: count }, () => plan(trainSource.next())),
        onItem,
      )),
    );
  }
  return [...train, ...items];
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && 'recipe' in value && 'items' in value;
}

async function manifestIn(directory: string): Promise<Manifest | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, MANIFEST), 'utf8'));
    return isManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function isEmptyOrAbsent(directory: string): Promise<boolean> {
  return !existsSync(directory) || (await readdir(directory)).length === 0;
}

function recipeOf(options: DatasetOptions): Recipe {
  const { seed, minutes, testItems = 56, freeItems = 40 } = options;
  if (!Number.isSafeInteger(seed)) throw new RangeError('seed must be a whole number');
  if (!(minutes > 0 && minutes <= 120)) throw new RangeError('minutes must be more than 0 and at most 120');
  if (!Number.isInteger(testItems) || testItems < 0 || testItems > 500)
    throw new RangeError('testItems must be from 0 to 500');
  if (!Number.isInteger(freeItems) || freeItems < 0 || freeItems > 40)
    throw new RangeError('freeItems must be from 0 to 40');
  return { version: RECIPE, domain: 'radiology', seed, minutes, testItems, freeItems };
}

/**
 * Makes a data set of dictated radiology: one folder per set with pairs NAME.mp3|wav|flac and NAME.txt, and manifest.json.
 * A directory that already holds exactly this set is left as it is; one that was not finished has no manifest.
 * The same options give the same bytes on the same versions of the programs.
 * @throws MissingProgramsError | RangeError | Error when the directory holds something else
 */
export async function generateDataset(
  options: DatasetOptions,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<Manifest> {
  const recipe = recipeOf(options);
  const directory = resolve(options.directory);
  const present = await manifestIn(directory);
  if (present !== undefined && JSON.stringify(present.recipe) === JSON.stringify(recipe)) return present;
  // A wrong path must not cost anybody their files: only a data set of ours is ever replaced.
  if (present === undefined && !(await isEmptyOrAbsent(directory)))
    throw new Error(`${directory} holds something else than a data set; name an empty or a new folder`);
  await requirePrograms();

  const unfinished = join(directory, '..', `.${basename(directory)}.${process.pid}.unfinished`);
  try {
    for (const set of setNames) await mkdir(join(unfinished, set), { recursive: true });
    const manifest: Manifest = { recipe, items: await recordAll(unfinished, recipe, onProgress) };
    await writeFile(join(unfinished, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
    await rm(directory, { recursive: true, force: true });
    await rename(unfinished, directory);
    return manifest;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}
