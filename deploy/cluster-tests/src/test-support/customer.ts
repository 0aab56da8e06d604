import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttuneClient } from '@attune/client';
import { speak } from '@attune/speech';
import { LabRun } from './lab-run';
import type { Rows } from './rows';

const TEXTS = ['the lungs are clear', 'no acute fracture is seen', 'the heart is of normal size'];

/** An organization as it works with the platform: by the public API alone. */
export class Customer {
  constructor(
    readonly client: AttuneClient,
    private readonly rows: Rows,
    /** Where recordings that were spoken once are kept. */
    private readonly directory: string,
  ) {}

  /** A model with `pairs` short recordings, the first of them for its test when there are several. */
  async modelWithData(pairs = TEXTS.length): Promise<number> {
    const { id } = await this.client.models.create({ name: 'Cluster lab', language: 'en' });
    for (const [index, text] of TEXTS.slice(0, pairs).entries()) {
      const paths = await this.spoken(index, text);
      await this.client.uploadPair(id, { type: index === 0 && pairs > 1 ? 'test' : 'train', ...paths });
    }
    await this.client.waitForData(id);
    return id;
  }

  /** Asks for a run of the model; resolves when it was answered. */
  async start(modelId: number): Promise<LabRun> {
    await this.client.startRun(modelId);
    return new LabRun(await this.rows.newestRunOf(modelId), modelId, this.client, this.rows);
  }

  /** A run of a new model. */
  async startNew(): Promise<LabRun> {
    return this.start(await this.modelWithData());
  }

  private async spoken(index: number, text: string): Promise<{ audioPath: string; transcriptPath: string }> {
    mkdirSync(this.directory, { recursive: true });
    const audioPath = join(this.directory, `${String(index)}.wav`);
    const transcriptPath = join(this.directory, `${String(index)}.txt`);
    if (!existsSync(transcriptPath)) {
      await speak(text, 'slt', audioPath);
      writeFileSync(transcriptPath, text);
    }
    return { audioPath, transcriptPath };
  }
}
