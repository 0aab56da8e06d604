import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDataset, type DatasetItem } from '@attune/speech';
import { ClusterLab } from './test-support/cluster-lab';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(600_000);

/** Small enough for every test run, and enough that a third fewer errors are made whatever processor rounds the sums (seeds 3 to 5). */
const MINUTES = 4;

describe('the real engine in a cluster', () => {
  const home = mkdtempSync(join(tmpdir(), 'attune-real-model-'));
  let lab: ClusterLab;
  let items: readonly DatasetItem[];
  beforeAll(async () => {
    [{ items }, lab] = await Promise.all([
      generateDataset({ directory: home, seed: 3, minutes: MINUTES, testItems: 24, freeItems: 1 }),
      // The cores are busy: nobody is hurried.
      ClusterLab.open({ engine: 'real', trainer: { TRAINER_LEASE_MS: '60000', TRAINER_CLAIM_WITHIN_MS: '60000' } }),
    ]);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(home, { recursive: true, force: true });
  });

  const pairOf = ({ audio }: DatasetItem): { audioPath: string; transcriptPath: string } => ({
    audioPath: join(home, audio),
    transcriptPath: join(home, audio.replace(/\.\w+$/, '.txt')),
  });

  it('trains a model from POST /run to a version that errs less than its base, and /stt answers with it', async () => {
    await lab.addNode();
    const customer = await lab.customer('gold');
    const { client } = customer;
    const { id, model_key } = await client.models.create({ name: 'Dictation', language: 'en', baseModel: 'medical' });
    for (const type of ['train', 'test'] as const) {
      const pairs = items.filter(({ set }) => set === type).map(pairOf);
      await Promise.all(pairs.map((pair) => client.uploadPair(id, { type, ...pair })));
    }
    await client.waitForData(id);

    const run = await customer.start(id);
    await run.endsWell();
    // Its machine was given back with the delivery.
    expect(await run.row()).toMatchObject({ starts: 1, failed_attempts: 0, pool: null });
    const { training_metrics: metrics } = await client.models.get(id);
    expect(metrics?.evaluated_on).toBe('test_set');
    expect(metrics?.word_error_rate).toBeLessThan(metrics?.base_word_error_rate ?? 0);

    const [heard] = items.filter(({ set }) => set === 'test').map(pairOf);
    const transcript = await client.transcribe(heard?.audioPath ?? '', { model: model_key });
    expect([transcript.model, transcript.text]).toEqual([`custom_model_${String(id)}`, expect.stringMatching(/\w/)]);
  });

  it('leaves nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});
