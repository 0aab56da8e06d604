import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkMedia, normalize } from './normalize';

const run = promisify(execFile);
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-billed-'));
  await checkMedia();
});
afterAll(() => rm(folder, { recursive: true }));

/** Three seconds of sound at an uneven rate, made with the host's own ffmpeg. */
async function make(name: string, ...args: string[]): Promise<Buffer> {
  const source = ['-f', 'lavfi', '-i', 'anoisesrc=d=3:a=0.2:r=44100:seed=1'];
  await run('/usr/bin/ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...source, ...args, at(name)]);
  return readFile(at(name));
}

/** What a decoder makes of the file when nobody asks it for a duration: plain samples at the file's own rate, counted. */
async function decodedMs(name: string): Promise<number> {
  const plain = ['-nostdin', '-loglevel', 'quiet', '-i', at(name), '-ac', '1', '-ar', '44100', '-f', 's16le', 'pipe:1'];
  const { stdout } = await run('/usr/bin/ffmpeg', plain, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: unknown) => error as { stdout: Buffer },
  );
  return (stdout.length / 2 / 44_100) * 1000;
}

/** Milliseconds that would be billed; null for a file that is refused, of which nothing is. */
async function billedMs(name: string): Promise<number | null> {
  try {
    return (await normalize({ inputPath: at(name), outputPath: at(`${name}.out`) })).audioMs;
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNSUPPORTED_AUDIO_FORMAT' });
    return null;
  }
}

/** The number of frames in an MP3's Xing or Info header. */
const framesAt = (bytes: Buffer): number => Math.max(bytes.indexOf('Xing'), bytes.indexOf('Info')) + 8;

const cases: [string, () => Promise<string>, 'billed' | 'refused' | 'either'][] = [
  [
    'a WAV whose header claims half of its samples',
    async () => {
      const bytes = await make('half.wav', '-ac', '1');
      bytes.writeUInt32LE(Math.floor((bytes.length - 44) / 4) * 2, bytes.indexOf('data') + 4);
      await writeFile(at('half.wav'), bytes);
      return 'half.wav';
    },
    'billed',
  ],
  [
    'a WAV whose header claims a gigabyte',
    async () => {
      const bytes = await make('forged.wav', '-ac', '1');
      bytes.writeUInt32LE(1_000_000_000, bytes.indexOf('data') + 4);
      await writeFile(at('forged.wav'), bytes);
      return 'forged.wav';
    },
    'refused',
  ],
  [
    'an MP3 whose Xing header claims a hundred times its frames',
    async () => {
      const bytes = await make('xing.mp3', '-q:a', '5');
      bytes.writeUInt32BE(bytes.readUInt32BE(framesAt(bytes)) * 100, framesAt(bytes));
      await writeFile(at('xing.mp3'), bytes);
      return 'xing.mp3';
    },
    'refused',
  ],
  [
    'an MP3 whose Xing header claims a tenth of its frames',
    async () => {
      const bytes = await make('few.mp3', '-q:a', '5');
      bytes.writeUInt32BE(Math.floor(bytes.readUInt32BE(framesAt(bytes)) / 10), framesAt(bytes));
      await writeFile(at('few.mp3'), bytes);
      return 'few.mp3';
    },
    'either',
  ],
  [
    'an MP3 of varying bitrate without a header that says how long it is',
    async () => {
      await make('vbr.mp3', '-q:a', '7', '-write_xing', '0', '-id3v2_version', '0');
      return 'vbr.mp3';
    },
    'billed',
  ],
  [
    'an M4A with another time scale in its header',
    async () => {
      const bytes = await make('scale.m4a');
      const header = bytes.indexOf('mvhd');
      bytes.writeUInt32BE(bytes.readUInt32BE(header + 16) * 1000, header + 20);
      await writeFile(at('scale.m4a'), bytes);
      return 'scale.m4a';
    },
    'either',
  ],
  [
    'an MP3 of which a part is missing, without a header that says how long it was',
    async () => {
      await make('cut.mp3', '-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0');
      await truncate(at('cut.mp3'), Math.floor((await stat(at('cut.mp3'))).size / 2));
      return 'cut.mp3';
    },
    'billed',
  ],
  [
    'a WAV with junk after its samples',
    async () => {
      await make('junk.wav', '-ac', '1');
      await appendFile(at('junk.wav'), Buffer.alloc(500_000, 7));
      return 'junk.wav';
    },
    'billed',
  ],
  [
    'a file of no bytes',
    async () => {
      await writeFile(at('zero.mp3'), '');
      return 'zero.mp3';
    },
    'refused',
  ],
];

describe('what is billed', () => {
  it.each(cases)(
    'is what a decoder gets out of %s, to the frame, or nothing where it is refused',
    async (_, prepare, expected) => {
      const name = await prepare();
      const billed = await billedMs(name);
      if (expected !== 'either') expect(billed === null ? 'refused' : 'billed').toBe(expected);
      if (billed === null) return;
      const decoded = await decodedMs(name);
      expect(decoded).toBeGreaterThan(500);
      // A frame of MP3 at this rate.
      expect(Math.abs(billed - decoded)).toBeLessThanOrEqual((1152 / 44_100) * 1000);
    },
  );
});
