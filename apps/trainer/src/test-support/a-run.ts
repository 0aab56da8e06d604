import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { SnapshotItem } from '@attune/events';
import { newId, type ItemId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { audioKey, snapshotKey, transcriptKey, type ObjectStore } from '@attune/storage';
import { eventually } from '@attune/testing';
import type { TestPlatform } from './test-platform';

export interface RunData {
  train?: number;
  test?: number;
  /** Of each recording; raw 16-bit samples of 16 kHz, as the scripted engine takes anything that is no FLAC. */
  seconds?: number;
}

let models = 0;

/** A run that was asked for, with its data in the store. */
export class TestRun {
  readonly modelId = (Date.now() * 1000 + (models += 1)) as ModelId;
  readonly runId = newId<RunId>();
  items: SnapshotItem[] = [];
  private snapshotSha256 = '';

  constructor(
    private readonly platform: TestPlatform,
    readonly organizationId: OrganizationId = newId<OrganizationId>(),
  ) {}

  async store({ train = 5, test = 2, seconds = 1 }: RunData = {}): Promise<this> {
    const { store } = this.platform;
    const types = [...Array<'train'>(train).fill('train'), ...Array<'test'>(test).fill('test')];
    this.items = await Promise.all(types.map((type, i) => this.storePair(store, type, i, seconds)));
    this.items.sort((a, b) => (a.item_id < b.item_id ? -1 : 1));
    const snapshot = this.items.map((item) => `${JSON.stringify(item)}\n`).join('');
    this.snapshotSha256 = (await store.put(this.snapshotKey, Readable.from(Buffer.from(snapshot)))).sha256;
    return this;
  }

  /** Publishes the request, as models-api does; a second time under a new event id. */
  async request(): Promise<this> {
    await this.platform.publish('models.run-requested.v2', {
      organization_id: this.organizationId,
      model_id: this.modelId,
      run_id: this.runId,
      snapshot_key: this.snapshotKey,
      snapshot_sha256: this.snapshotSha256,
      base_model: 'general',
      base_digest: this.platform.baseDigest,
      language: 'en',
      training_ms: this.items
        .filter((item) => item.data_type === 'train')
        .reduce((sum, item) => sum + item.audio_ms, 0),
      accelerator: null,
    });
    return this;
  }

  /** Publishes its owner's wish that it end. */
  async cancel(): Promise<void> {
    const { organizationId, modelId, runId } = this;
    const scope = { organization_id: organizationId, model_id: modelId, run_id: runId };
    await this.platform.publish('models.run-cancel-requested.v1', scope);
  }

  async state(): Promise<{
    state: string;
    epoch: number;
    starts: number;
    failed_attempts: number;
    failure: { message: string } | null;
  }> {
    const [row] = await this.platform.database.query<Awaited<ReturnType<TestRun['state']>>>(
      'system',
      'SELECT state, epoch, starts, failed_attempts, failure FROM training_run WHERE id = $1',
      [this.runId],
    );
    if (!row) throw new Error('the run is not there yet');
    return row;
  }

  async reaches(state: string, timeoutMs = 60_000): Promise<Awaited<ReturnType<TestRun['state']>>> {
    return eventually(
      async () => {
        const now = await this.state();
        if (now.state !== state) throw new Error(`the run is ${JSON.stringify(now)}, not ${state}`);
        return now;
      },
      { timeoutMs },
    );
  }

  /** Resolves when the engine has told of a step: it trains, and listens to signals. */
  async trains(): Promise<void> {
    await this.reaches('training');
    const told = `SELECT FROM run_event WHERE run_id = $1 AND type = 'metric' LIMIT 1`;
    await eventually(
      async () => expect(await this.platform.database.query('system', told, [this.runId])).toHaveLength(1),
      { timeoutMs: 60_000 },
    );
  }

  async transitions(): Promise<string[]> {
    const rows = await this.platform.database.query<{ from_state: string; to_state: string }>(
      'system',
      'SELECT from_state, to_state FROM run_transition WHERE run_id = $1 ORDER BY position',
      [this.runId],
    );
    return rows.map(({ from_state, to_state }) => `${from_state}>${to_state}`);
  }

  private get snapshotKey(): string {
    return snapshotKey(this);
  }

  private async storePair(
    store: ObjectStore,
    type: 'train' | 'test',
    index: number,
    seconds: number,
  ): Promise<SnapshotItem> {
    const place = { organizationId: this.organizationId, modelId: this.modelId, itemId: newId<ItemId>() };
    // Content differs from pair to pair and from run to run, lengths a little too.
    const audio = Buffer.alloc(32_000 * seconds + 64 * index, `${type} ${String(index)} ${this.runId} `);
    const stored = await store.put(audioKey(place), Readable.from(audio));
    const transcript = await store.put(
      transcriptKey(place),
      Readable.from(Buffer.from(`words of pair number ${String(index)}`)),
    );
    return {
      item_id: place.itemId,
      data_type: type,
      audio_sha256: `sha256:${createHash('sha256').update(`original ${place.itemId}`).digest('hex')}`,
      audio_ms: seconds * 1000 + 2 * index,
      normalized_key: audioKey(place),
      normalized_sha256: stored.sha256,
      transcript_key: transcriptKey(place),
      transcript_sha256: transcript.sha256,
    };
  }
}
