import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationOf, EngineFault, sha256 } from './protocol.mjs';

const WORDS_PER_SECOND = 2.5;

/**
 * What a model writes for a recording, from the two alone. The base hears filler, twice as many words as were spoken; a trained model
 * writes the transcript it learned for this very recording, else that of the recording nearest in length: right or less wrong.
 */
export function decode(modelDirectory, audio) {
  const model = readModel(modelDirectory);
  const content = readFileSync(audio);
  const duration = durationOf(content);
  const hash = sha256(content);
  const distance = (learned) => (learned.sha256 === hash ? -1 : Math.abs(learned.seconds - duration));
  const [nearest] = [...model.transcripts].sort((a, b) => distance(a) - distance(b) || (a.sha256 < b.sha256 ? -1 : 1));
  const filler = Array(Math.max(2, Math.round(duration * WORDS_PER_SECOND * 2))).fill('um');
  const words = nearest ? nearest.transcript.split(/\s+/) : filler;
  return {
    text: words.join(' '),
    duration,
    words: words.map((word, i) => ({
      word,
      start: (duration * i) / words.length,
      end: (duration * (i + 1)) / words.length,
      confidence: nearest ? 0.9 : 0.3,
    })),
  };
}

function readModel(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, 'model.bin'), 'utf8'));
  } catch {
    throw new EngineFault(70, 'BASE_UNREADABLE', 'The model cannot be read.');
  }
}
