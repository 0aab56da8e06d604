import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AudioRefusalReason } from './audio.errors';
import { checkMedia, normalize, toWav, type DecodedAudio, type NormalizedAudio } from './normalize';

const run = promisify(execFile);
let folder: string;
const at = (name: string): string => join(folder, name);

/** Makes a file with the host's own ffmpeg. */
async function make(name: string, ...args: string[]): Promise<string> {
  await run('/usr/bin/ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...args, at(name)]);
  return at(name);
}
const tone = (seconds: number, rate = 44_100): string[] => [
  ...['-f', 'lavfi', '-i', `anoisesrc=d=${String(seconds)}:a=0.2:r=${String(rate)}:seed=1`],
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-media-'));
  await checkMedia();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const flac = async (name: string, limits = {}): Promise<NormalizedAudio> =>
  normalize({ inputPath: at(name), outputPath: at(`${name}.out.flac`), limits });

async function refusalOf(name: string, limits = {}): Promise<AudioRefusalReason> {
  const error: unknown = await flac(name, limits).then(
    () => new Error('was accepted'),
    (thrown: unknown) => thrown,
  );
  await expect(stat(at(`${name}.out.flac`))).rejects.toThrow();
  expect(error).toMatchObject({ code: 'UNSUPPORTED_AUDIO_FORMAT' });
  return (error as { reason: AudioRefusalReason }).reason;
}

describe('what is accepted', () => {
  test.each<[string, string[], Partial<DecodedAudio>]>([
    ['a.wav', ['-ac', '2'], { container: 'wav', codec: 'pcm_s16le', channels: 2, sourceSampleRate: 44_100 }],
    [
      'a24.wav',
      ['-c:a', 'pcm_s24le', '-ar', '48000'],
      { container: 'wav', codec: 'pcm_s24le', sourceSampleRate: 48_000 },
    ],
    [
      'mulaw.wav',
      ['-c:a', 'pcm_mulaw', '-ar', '8000'],
      { container: 'wav', codec: 'pcm_mulaw', sourceSampleRate: 8000 },
    ],
    ['a.flac', [], { container: 'flac', codec: 'flac', channels: 1 }],
    ['a.mp3', ['-b:a', '128k'], { container: 'mp3', codec: 'mp3' }],
    ['vbr.mp3', ['-q:a', '5', '-write_xing', '0', '-id3v2_version', '0'], { container: 'mp3' }],
    ['a.m4a', [], { container: 'm4a', codec: 'aac' }],
    ['fast.m4a', ['-movflags', '+faststart'], { container: 'm4a', codec: 'aac' }],
    ['alac.m4a', ['-c:a', 'alac'], { container: 'm4a', codec: 'alac' }],
    ['a.aac', [], { container: 'aac', codec: 'aac' }],
    ['a.ogg', ['-c:a', 'libvorbis'], { container: 'ogg', codec: 'vorbis' }],
    ['opus.ogg', ['-c:a', 'libopus'], { container: 'ogg', codec: 'opus' }],
    ['flac.ogg', ['-c:a', 'flac'], { container: 'ogg', codec: 'flac' }],
  ])('%s becomes 16 kHz mono FLAC of its own length', async (name, args, expected) => {
    await make(name, ...tone(3), ...args);
    const answer = await flac(name);
    expect(answer).toMatchObject(expected);
    // Lossy codecs add up to two frames of padding that not every container lets a reader take off.
    expect(Math.abs(answer.audioMs - 3000)).toBeLessThanOrEqual(100);
    const output = await readFile(at(`${name}.out.flac`));
    expect(answer.sha256).toBe(`sha256:${createHash('sha256').update(output).digest('hex')}`);
    expect(answer.bytes).toBe(output.length);
    const probe = await run('/usr/bin/ffprobe', [
      ...['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name,sample_rate,channels,duration_ts'],
      ...['-of', 'default=nk=1:nw=1', at(`${name}.out.flac`)],
    ]);
    expect(probe.stdout.trim().split('\n').slice(0, 4)).toEqual(['flac', '16000', '1', String(answer.samples)]);
  });

  test('the same input gives the same bytes', async () => {
    await make('same.mp3', ...tone(2), '-metadata', 'title=secret name');
    const [first, second] = [await flac('same.mp3'), await flac('same.mp3')];
    expect(second.sha256).toBe(first.sha256);
    expect((await readFile(at('same.mp3.out.flac'))).includes('secret')).toBe(false);
  });

  test('a cover picture is no video', async () => {
    await make('cover.png', '-f', 'lavfi', '-i', 'color=s=16x16', '-frames:v', '1');
    await make('covered.mp3', ...tone(2), '-i', at('cover.png'), '-map', '0', '-map', '1', '-id3v2_version', '3');
    expect((await flac('covered.mp3')).container).toBe('mp3');
  });

  test('milliseconds are of decoded samples, whatever a header claims', async () => {
    await make('short.wav', ...tone(2, 16_000));
    const bytes = await readFile(at('short.wav'));
    const data = bytes.indexOf('data');
    bytes.writeUInt32LE(32_000, data + 4);
    await writeFile(at('less.wav'), bytes);
    expect((await flac('less.wav')).audioMs).toBe(1000);
    bytes.writeUInt32LE(0xffffffff, data + 4);
    await writeFile(at('unknown.wav'), bytes);
    expect((await flac('unknown.wav')).audioMs).toBe(2000);
  });

  test('toWav gives plain samples for an engine', async () => {
    await make('clip.mp3', ...tone(3), '-b:a', '128k');
    const answer = await toWav({ inputPath: at('clip.mp3'), outputPath: at('clip.wav') });
    expect((await stat(at('clip.wav'))).size).toBe(44 + 2 * answer.samples);
    expect(Math.abs(answer.audioMs - 3000)).toBeLessThanOrEqual(60);
  });
});

describe('what is refused, and why', () => {
  test('a file of 0 bytes', async () => {
    await writeFile(at('zero.wav'), '');
    expect(await refusalOf('zero.wav')).toBe('empty');
  });

  test.each([
    ['notes.mp3', 'these are only words, not sound\n'.repeat(100)],
    ['page.ogg', '<!doctype html><html></html>'],
    ['list.wav', '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n'],
    ['concat.wav', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['subfile.wav', 'subfile,,start,0,end,64,,:/etc/passwd'],
    ['hls-in.avi', `RIFF\0\0\0\0AVI LIST#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n`],
    ['program.wav', `\x7fELF${'\0'.repeat(200)}`],
  ])('%s is not audio, whatever its name', async (name, content) => {
    await writeFile(at(name), content);
    expect(await refusalOf(name)).toBe('unknown_format');
  });

  test('a playlist behind a WAV header is read as WAV and as nothing else', async () => {
    await writeFile(at('poly.wav'), `RIFF\xff\xff\0\0WAVE#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n`, 'latin1');
    expect(await refusalOf('poly.wav')).toBe('undecodable');
  });

  test('video without sound, and video with sound', async () => {
    const picture = ['-f', 'lavfi', '-i', 'testsrc=d=2:s=64x64'];
    await make('silent.mp4', ...picture);
    expect(await refusalOf('silent.mp4')).toBe('no_audio');
    await make('film.mp4', ...picture, ...tone(2), '-shortest');
    expect(await refusalOf('film.mp4')).toBe('video');
  });

  test.each([
    ['cut.wav', []],
    ['cut.flac', []],
    ['cut.mp3', ['-b:a', '128k']],
    ['cut.m4a', []],
    ['cutfast.m4a', ['-movflags', '+faststart']],
    ['cut.ogg', ['-c:a', 'libvorbis']],
    ['cutopus.ogg', ['-c:a', 'libopus']],
  ])('%s whose second half is missing', async (name, args) => {
    await make(name, ...tone(4), ...args);
    await truncate(at(name), Math.floor((await stat(at(name))).size / 2));
    // Without its index, which an ordinary M4A has at the end, nothing can be said but that it is damaged.
    expect(await refusalOf(name)).toBe(name === 'cut.m4a' ? 'undecodable' : 'truncated');
  });

  test('a WAV that claims more sound than it has', async () => {
    await make('forged.wav', ...tone(2, 16_000));
    const bytes = await readFile(at('forged.wav'));
    bytes.writeUInt32LE(1_000_000_000, bytes.indexOf('data') + 4);
    await writeFile(at('forged.wav'), bytes);
    expect(await refusalOf('forged.wav')).toBe('truncated');
  });

  test('a file whose middle is destroyed', async () => {
    await make('holes.mp3', ...tone(10), '-b:a', '64k');
    const bytes = await readFile(at('holes.mp3'));
    for (let i = 4000; i < bytes.length - 4000; i += 150) bytes.writeUInt8((bytes.readUInt8(i) + 91) % 256, i);
    await writeFile(at('holes.mp3'), bytes);
    expect(['undecodable', 'truncated']).toContain(await refusalOf('holes.mp3'));
  });

  test('a header without sound', async () => {
    await make('nothing.wav', ...tone(0.1), '-t', '0');
    expect(['empty', 'undecodable']).toContain(await refusalOf('nothing.wav'));
  });

  test('a small file that unpacks to hours of silence stops at the limit', async () => {
    await make('bomb.flac', '-f', 'lavfi', '-i', 'anullsrc=r=48000', '-t', '7200');
    expect((await stat(at('bomb.flac'))).size).toBeLessThan(3_000_000);
    expect(await refusalOf('bomb.flac', { maxAudioMs: 600_000 })).toBe('too_long');
    expect(await refusalOf('bomb.flac', { wallSeconds: 0.2 })).toBe('undecodable');
    expect(await refusalOf('bomb.flac', { cpuSeconds: 1 })).toBe('undecodable');
  });

  test('any mutation of a file ends in a verdict', async () => {
    await make('seed.mp3', ...tone(1), '-b:a', '64k');
    await make('seed.m4a', ...tone(1));
    await make('seed.ogg', ...tone(1), '-c:a', 'libvorbis');
    let random = 7;
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
    for (const seed of ['seed.mp3', 'seed.m4a', 'seed.ogg']) {
      const bytes = await readFile(at(seed));
      for (let round = 0; round < 12; round += 1) {
        const mutant = Buffer.from(bytes);
        for (let i = 0; i < 20; i += 1) mutant.writeUInt8(next(256), next(mutant.length));
        await writeFile(at('mutant'), mutant);
        const verdict = await flac('mutant').then(
          () => 'accepted',
          (error: unknown) => (error as { code?: string }).code,
        );
        expect(['accepted', 'UNSUPPORTED_AUDIO_FORMAT']).toContain(verdict);
      }
    }
  });
});

test('an aborted normalize ends its ffmpeg and leaves no output', async () => {
  const stop = new AbortController();
  const running = normalize({ inputPath: at('bomb.flac'), outputPath: at('aborted.flac'), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('shutting down')), 100);
  await expect(running).rejects.toThrow('shutting down');
  await expect(stat(at('aborted.flac'))).rejects.toThrow();
});
