import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateDataset, setNames, type Manifest } from './dataset';
import { MissingProgramsError, ProgramFailedError, runProgram } from './programs';
import { noise, silence, tone } from './signals';
import { speak } from './synthesis';
import { voices, type VoiceName } from './voices';

const run = promisify(execFile);
const options = { seed: 7, minutes: 0.5, testItems: 16, freeItems: 2 };
let folder: string;
let manifest: Manifest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-dataset-'));
  manifest = await generateDataset({ directory: join(folder, 'one'), ...options });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function probe(file: string): Promise<{ codec: string; rate: number; seconds: number }> {
  const fields = 'stream=codec_name,sample_rate,channels:format=duration';
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', fields, '-of', 'json', file]);
  const { streams, format } = JSON.parse(stdout) as {
    streams: [{ codec_name: string; sample_rate: string; channels: number }];
    format: { duration: string };
  };
  expect(streams[0].channels).toBe(1);
  return { codec: streams[0].codec_name, rate: Number(streams[0].sample_rate), seconds: Number(format.duration) };
}

async function pcm(file: string): Promise<Int16Array> {
  const args = ['-v', 'error', '-i', file, '-f', 's16le', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1 << 26 });
  return new Int16Array(new Uint8Array(stdout).buffer);
}

const itemsOf = (set: string) => manifest.items.filter((item) => item.set === set);

describe('a data set', () => {
  it('has the training length asked for, and less than a sentence more', () => {
    const seconds = itemsOf('train').map((item) => item.seconds);
    const total = seconds.reduce((sum, value) => sum + value, 0);
    expect(total).toBeGreaterThanOrEqual(30);
    expect(total - Math.max(...seconds)).toBeLessThan(30);
    expect(setNames.map((set) => itemsOf(set).length).slice(1)).toEqual([16, 2, 2]);
  });

  it('has no sentence twice, so none of the test set in training', () => {
    expect(new Set(manifest.items.map((item) => item.transcript)).size).toBe(manifest.items.length);
  });

  it('has a speaker who is heard in the test set only', () => {
    const speakers = (set: string) => new Set(itemsOf(set).map((item) => voices[item.voice].speaker));
    expect(speakers('test').has('ked')).toBe(true);
    for (const set of ['train', 'unseen', 'general']) expect(speakers(set).has('ked')).toBe(false);
  });

  it('is half clean, a quarter noisy, a quarter by telephone', () => {
    const count = (condition: string) => itemsOf('test').filter((item) => item.condition === condition).length;
    expect([count('clean'), count('noisy'), count('telephone')]).toEqual([8, 4, 4]);
  });

  it('is pairs of a recording and its transcript, as long as the manifest says', async () => {
    for (const set of setNames) {
      const names = await readdir(join(folder, 'one', set));
      expect(names.length).toBe(2 * itemsOf(set).length);
    }
    for (const item of manifest.items.slice(0, 12)) {
      const text = await readFile(join(folder, 'one', item.audio.replace(/\.\w+$/, '.txt')), 'utf8');
      expect(text).toBe(`${item.transcript}\n`);
      const { codec, rate, seconds } = await probe(join(folder, 'one', item.audio));
      expect(Math.abs(seconds - item.seconds)).toBeLessThan(0.15);
      if (item.condition === 'telephone') expect([codec, rate]).toEqual(['pcm_mulaw', 8000]);
      else expect(rate).toBeGreaterThanOrEqual(16_000);
    }
    expect(new Set(manifest.items.map((item) => item.audio.split('.').at(-1)))).toEqual(
      new Set(['mp3', 'wav', 'flac']),
    );
  });

  it('is the same to the byte when made again, and another with another seed', async () => {
    const again = await generateDataset({ directory: join(folder, 'two'), ...options });
    expect(again).toEqual(manifest);
    for (const { audio } of manifest.items)
      expect((await readFile(join(folder, 'two', audio))).equals(await readFile(join(folder, 'one', audio)))).toBe(
        true,
      );
    const other = await generateDataset({
      directory: join(folder, 'two'),
      ...options,
      seed: 8,
      minutes: 0.1,
      testItems: 4,
    });
    expect(other.items[0]?.transcript).not.toBe(manifest.items[0]?.transcript);
    expect((await readdir(join(folder, 'two', 'test'))).length).toBe(8);
  }, 120_000);

  it('is not made again when it is there', async () => {
    const file = join(folder, 'one', manifest.items[0]?.audio ?? '');
    const before = await stat(file);
    expect(await generateDataset({ directory: join(folder, 'one'), ...options })).toEqual(manifest);
    expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
  });

  it('never replaces files that are not a data set, and leaves nothing behind', async () => {
    await writeFile(join(folder, 'manifest.json'), '{"name": "a web page"}');
    await expect(generateDataset({ directory: folder, ...options })).rejects.toThrow('something else than a data set');
    expect((await readdir(folder)).sort()).toEqual(['manifest.json', 'one', 'two']);
  });

  it.each([{ minutes: 0 }, { minutes: Number.NaN }, { seed: 0.5 }, { testItems: -1 }, { freeItems: 41 }])(
    'refuses %p',
    async (wrong) => {
      await expect(generateDataset({ directory: join(folder, 'no'), ...options, ...wrong })).rejects.toThrow(
        RangeError,
      );
    },
  );
});

describe('speech', () => {
  it.each(Object.keys(voices) as VoiceName[])('is spoken by %s', async (voice) => {
    const file = join(folder, `${voice}.flac`);
    await speak('The "heart" is normal (or nearly so); it\'s 4 mm \\ wide.', voice, file);
    const { codec, seconds } = await probe(file);
    expect(codec).toBe('flac');
    expect(seconds).toBeGreaterThan(2);
    expect(seconds).toBeLessThan(10);
  });

  it('needs something to speak', async () => {
    await expect(speak('...', 'rms', join(folder, 'mute.wav'))).rejects.toThrow('nothing to speak');
  });

  it('says which Debian packages are missing', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      const made = generateDataset({ directory: join(folder, 'no'), ...options });
      await expect(made).rejects.toThrow(MissingProgramsError);
      await expect(made).rejects.toThrow(/apt-get install -y flite festival festvox-us-slt-hts .*ffmpeg/);
    } finally {
      process.env.PATH = path;
    }
    await expect(runProgram('no-such-program', [])).rejects.toThrow(MissingProgramsError);
  });

  it('fails with what the program said', async () => {
    const failed = runProgram('ffmpeg', ['-v', 'error', '-i', join(folder, 'absent.wav'), '-f', 'null', '-']);
    await expect(failed).rejects.toThrow(ProgramFailedError);
    await expect(failed).rejects.toThrow(/exit code 1: .*absent.wav: No such file/);
  });
});

describe('signals', () => {
  it('are as long and as loud as they say', async () => {
    const file = (name: string) => join(folder, name);
    await silence(file('silence.wav'), 1.5);
    await tone(file('tone.wav'), 50, 1);
    await noise(file('noise.wav'), 1, 3);
    const [quiet, hum, hiss] = await Promise.all(
      ['silence.wav', 'tone.wav', 'noise.wav'].map((name) => pcm(file(name))),
    );
    expect(quiet?.length).toBe(24_000);
    expect(quiet?.every((sample) => sample === 0)).toBe(true);
    const crossings = hum?.filter((sample, i) => i > 0 && sample >= 0 && (hum[i - 1] ?? 0) < 0).length;
    expect(crossings).toBe(49);
    expect(Math.max(...(hiss ?? []))).toBeGreaterThan(9000);
  });
});
