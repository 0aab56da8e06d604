import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ApiModel } from '@attune/contracts';
import type { FoundPair } from './pairs';

/**
 * What an earlier upload of this folder to this model has stored, so that a second run sends the rest only. One line a
 * pair, written after the platform's receipt; names with sizes and times, so that a changed file is sent again. It lies
 * in the user's state directory, never in the folder: that may be read-only. Losing it costs a second upload, no more.
 */
export class UploadJournal {
  private constructor(
    private readonly path: string,
    private readonly stored: Set<string>,
  ) {}

  /** The model's creation time tells it from a model of the same number on a platform that was set up anew. */
  static async open(stateDirectory: string, url: string, model: ApiModel, folder: string): Promise<UploadJournal> {
    const identity = JSON.stringify([url, model.id, model.created_at, await realpath(folder)]);
    const name = createHash('sha256').update(identity).digest('hex').slice(0, 32);
    const path = join(stateDirectory, 'uploads', `${name}.lines`);
    const text = await readFile(path, 'utf8').catch(() => '');
    return new UploadJournal(path, new Set(text.split('\n')));
  }

  has(pair: FoundPair): boolean {
    return this.stored.has(lineOf(pair));
  }

  async add(pair: FoundPair): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    await appendFile(this.path, `${lineOf(pair)}\n`);
  }
}

function lineOf({ name, audio, transcript }: FoundPair): string {
  return JSON.stringify([name, audio.bytes, audio.modifiedMs, transcript.bytes, transcript.modifiedMs]);
}
