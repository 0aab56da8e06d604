import { seededRandom, type Random } from './random';
import { writeSound, type Waveform } from './waveform';

const RATE = 16_000;

function generate(seconds: number, sampleAt: (index: number) => number): Waveform {
  return {
    samples: Float32Array.from({ length: Math.round(seconds * RATE) }, (_, index) => sampleAt(index)),
    rate: RATE,
  };
}

/** Writes digital silence: every sample is 0. */
export function silence(file: string, seconds: number): Promise<void> {
  return writeSound(
    generate(seconds, () => 0),
    file,
  );
}

/** Writes a sine at half of full scale, such as mains hum at 50 or 60 Hz. */
export function tone(file: string, hertz: number, seconds: number): Promise<void> {
  return writeSound(
    generate(seconds, (index) => 0.5 * Math.sin((2 * Math.PI * hertz * index) / RATE)),
    file,
  );
}

/** Writes white noise, uniform between -0.3 and 0.3; the seed chooses it. */
export function noise(file: string, seconds: number, seed = 1): Promise<void> {
  const random = seededRandom(`white noise/${seed}`);
  return writeSound(
    generate(seconds, () => 0.3 * (2 * random() - 1)),
    file,
  );
}

/**
 * Pink noise (equal power in each octave, as rooms and ventilation have it), root mean square about 0.1 to 0.2:
 * white noise through Paul Kellet's economy filter, within 0.5 dB of -3 dB an octave above 10 Hz at 44.1 kHz.
 */
export function pinkNoise(length: number, random: Random): Float32Array {
  const samples = new Float32Array(length);
  let [low, middle, high] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    const white = 2 * random() - 1;
    low = 0.99765 * low + white * 0.099046;
    middle = 0.963 * middle + white * 0.2965164;
    high = 0.57 * high + white * 1.0526913;
    samples[i] = 0.2 * (low + middle + high + white * 0.1848);
  }
  return samples;
}
