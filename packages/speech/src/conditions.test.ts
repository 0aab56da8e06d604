import { addNoise } from './conditions';
import { seededRandom } from './random';
import { pinkNoise } from './signals';
import { rootMeanSquare } from './waveform';

const speech = {
  samples: Float32Array.from({ length: 32_000 }, (_, i) => 0.4 * Math.sin(i / 20) * Math.sin(i / 3000)),
  rate: 16_000,
};

it.each([0, 10, 30])('noise is added at %d dB below the speech', (snrDb) => {
  const { samples } = addNoise(speech, snrDb, seededRandom('noise'));
  // Undo the common gain by projecting the mixture on the speech: what is left is noise.
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  const gain = dot(samples, speech.samples) / dot(speech.samples, speech.samples);
  const noise = samples.map((sample, i) => sample - gain * (speech.samples[i] ?? 0));
  const measured = 20 * Math.log10((gain * rootMeanSquare(speech.samples)) / rootMeanSquare(noise));
  expect(Math.abs(measured - snrDb)).toBeLessThan(0.5);
});

it('a mixture never clips, and the same seed gives the same noise', () => {
  const loud = { samples: speech.samples.map((sample) => 2.4 * sample), rate: speech.rate };
  const mixed = addNoise(loud, 0, seededRandom('loud')).samples;
  expect(mixed.every((sample) => Math.abs(sample) <= 1)).toBe(true);
  expect(addNoise(loud, 0, seededRandom('loud')).samples).toEqual(mixed);
});

it('pink noise has equal power in each octave', () => {
  const samples = pinkNoise(1 << 16, seededRandom('pink'));
  // Differences of neighbours double in power an octave for white noise, stay level for pink.
  const levelAt = (stride: number) => {
    const means = Float32Array.from({ length: Math.floor(samples.length / stride) }, (_, i) =>
      samples.subarray(i * stride, (i + 1) * stride).reduce((sum, value) => sum + value / stride, 0),
    );
    return rootMeanSquare(means.map((value, i) => (i % 2 ? value - (means[i - 1] ?? 0) : 0)));
  };
  const levels = [4, 8, 16, 32, 64].map(levelAt);
  expect(Math.max(...levels) / Math.min(...levels)).toBeLessThan(1.4);
});
