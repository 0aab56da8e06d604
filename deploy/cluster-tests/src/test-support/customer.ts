import type { AttuneClient } from '@attune/client';
import { LabRun } from './lab-run';
import type { Recordings } from './recordings';
import type { Rows } from './rows';

/** An organization as it works with the platform: by the public API alone. */
export class Customer {
  constructor(
    readonly client: AttuneClient,
    private readonly rows: Rows,
    private readonly recordings: Recordings,
  ) {}

  /** A model with some short recordings, the first of them for its test when there are several. */
  async modelWithData(count?: number): Promise<number> {
    const { id } = await this.client.models.create({ name: 'Cluster lab', language: 'en' });
    const pairs = await this.recordings.take(count);
    for (const [index, pair] of pairs.entries())
      await this.client.uploadPair(id, { type: index === 0 && pairs.length > 1 ? 'test' : 'train', ...pair });
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
}
