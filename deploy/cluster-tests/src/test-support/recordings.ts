import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { speak } from '@attune/speech';

export interface SpokenPair {
  audioPath: string;
  transcriptPath: string;
}

const TEXTS = ['the lungs are clear', 'no acute fracture is seen', 'the heart is of normal size'];

/** A few recordings with their transcripts, spoken once and uploaded to many models. */
export class Recordings {
  private readonly pairs: Promise<SpokenPair>[];

  constructor(directory: string) {
    mkdirSync(directory);
    this.pairs = TEXTS.map(async (text, index) => {
      const [audioPath, transcriptPath] = ['wav', 'txt'].map((kind) => join(directory, `${String(index)}.${kind}`));
      await speak(text, 'slt', audioPath ?? '');
      writeFileSync(transcriptPath ?? '', text);
      return { audioPath: audioPath ?? '', transcriptPath: transcriptPath ?? '' };
    });
  }

  /** The first `count` of them; default all. */
  take(count = TEXTS.length): Promise<SpokenPair[]> {
    return Promise.all(this.pairs.slice(0, count));
  }
}
