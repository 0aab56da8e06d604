import type { Random } from './random';
import { pinkNoise } from './signals';
import { rootMeanSquare, writeSound, type Waveform } from './waveform';

export const conditions = ['clean', 'noisy', 'telephone'] as const;
export type Condition = (typeof conditions)[number];

const QUIETEST_SNR_DB = 20;
const LOUDEST_SNR_DB = 30;

/** Adds pink noise so that speech power over noise power is `snrDb` decibels; lowers both when they would clip. */
export function addNoise(speech: Waveform, snrDb: number, random: Random): Waveform {
  const noise = pinkNoise(speech.samples.length, random);
  const gain = rootMeanSquare(speech.samples) / (rootMeanSquare(noise) * 10 ** (snrDb / 20));
  const mixed = speech.samples.map((sample, index) => sample + gain * (noise[index] ?? 0));
  const peak = mixed.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 1);
  return { samples: mixed.map((sample) => sample / peak), rate: speech.rate };
}

/**
 * Writes speech as it arrives under a condition: `clean` as spoken; `noisy` with pink noise at 20 to 30 dB;
 * `telephone` as a switchboard records it: 300 to 3400 Hz, 8,000 samples a second, mu-law (G.711).
 * The file's name must end in wav for `telephone`: no other of our formats carries mu-law.
 */
export async function writeUnderCondition(
  speech: Waveform,
  condition: Condition,
  file: string,
  random: Random,
): Promise<void> {
  switch (condition) {
    case 'clean':
      return writeSound(speech, file);
    case 'noisy': {
      const snrDb = QUIETEST_SNR_DB + (LOUDEST_SNR_DB - QUIETEST_SNR_DB) * random();
      return writeSound(addNoise(speech, snrDb, random), file);
    }
    case 'telephone':
      return writeSound(speech, file, ['-af', 'highpass=f=300,lowpass=f=3400', '-ar', '8000', '-c:a', 'pcm_mulaw']);
  }
}
