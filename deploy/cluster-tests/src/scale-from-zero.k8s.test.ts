import { CoreV1Api } from '@kubernetes/client-node';
import { eventually } from '@attune/testing';
import { ClusterLab } from './test-support/cluster-lab';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(300_000);

const POOL = 'gpu-on-demand';

describe('a pool of machines that is empty', () => {
  let lab: ClusterLab;
  beforeAll(async () => {
    lab = await ClusterLab.open({ pools: [{ name: POOL, slots: 1 }] });
  });
  afterAll(() => lab.close());

  const nodes = async (): Promise<number> => (await lab.cluster.client(CoreV1Api).listNode()).items.length;

  it('gets a machine when a run waits for one and says so, trains the run, and is empty again afterwards', async () => {
    const run = await (await lab.customer('gold')).startNew();
    const waiting = await run.says(({ stage, stage_detail }) => {
      expect(stage).toBe('provisioning');
      expect(stage_detail).toMatch(/^No machine of its kind is running/);
    });
    expect([waiting.training_status, await nodes()]).toEqual([3, 0]);

    const autoscaler = lab.autoscale(POOL, 1, { idleMs: 500 });
    const running = await run.says(({ stage }) => expect(stage).not.toBe('provisioning'));
    expect(running).not.toHaveProperty('stage_detail');
    await run.endsWell();
    expect(await run.row()).toMatchObject({ starts: 1, failed_attempts: 0 });
    await eventually(async () => expect([autoscaler.nodesOf(POOL), await nodes()]).toEqual([[], 0]), {
      timeoutMs: 60_000,
    });
  });

  it('leaves nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});
