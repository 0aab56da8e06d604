import { readFile } from 'node:fs/promises';
import { runProgram } from './programs';

/** One channel of sound; samples between -1 and 1. */
export interface Waveform {
  readonly samples: Float32Array;
  /** Samples per second. */
  readonly rate: number;
}

export function secondsOf(sound: Waveform): number {
  return sound.samples.length / sound.rate;
}

/** Root of the mean square: the level that signal-to-noise ratios compare. */
export function rootMeanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/**
 * Reads what flite and festival write: RIFF WAVE, one channel, 16-bit linear.
 * @throws Error when the file is anything else.
 */
export async function readWave(file: string): Promise<Waveform> {
  const bytes = await readFile(file);
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error(`${file} is not a WAVE file`);
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const chunk = bytes.toString('latin1', at, at + 4);
    const body = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
    if (chunk === 'fmt ') {
      const [format, channels, bits] = [body.readUInt16LE(0), body.readUInt16LE(2), body.readUInt16LE(14)];
      if (format !== 1 || channels !== 1 || bits !== 16)
        throw new Error(`${file} is not 16-bit linear sound of one channel`);
      rate = body.readUInt32LE(4);
    }
    if (chunk === 'data' && rate > 0) {
      const samples = new Float32Array(body.length >> 1);
      for (let i = 0; i < samples.length; i++) samples[i] = body.readInt16LE(2 * i) / 32768;
      return { samples, rate };
    }
    at += 8 + body.length + (body.length % 2);
  }
  throw new Error(`${file} has no sound in it`);
}

/**
 * Writes the sound in the format that the file's name ends in (wav, flac, mp3, ...), through ffmpeg.
 * The same sound gives the same bytes: no dates and no program versions are written into the file.
 * @param options ffmpeg's output options, such as filters and codecs
 */
export async function writeSound(sound: Waveform, file: string, options: readonly string[] = []): Promise<void> {
  const pcm = new Int16Array(sound.samples.length);
  for (let i = 0; i < pcm.length; i++) pcm[i] = Math.round(Math.max(-1, Math.min(1, sound.samples[i] ?? 0)) * 32767);
  const input = ['-f', 's16le', '-ar', String(sound.rate), '-ac', '1', '-i', 'pipe:0'];
  const exact = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:a', '+bitexact'];
  await runProgram('ffmpeg', ['-v', 'error', '-y', ...input, ...options, ...exact, file], new Uint8Array(pcm.buffer));
}
