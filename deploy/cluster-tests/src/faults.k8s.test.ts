import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@attune/testing';
import type { NodeAgent } from '@attune/testing-cluster';
import { ClusterLab, TRAINING_NAMESPACE } from './test-support/cluster-lab';
import type { Customer } from './test-support/customer';
import type { LabRun } from './test-support/lab-run';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(300_000);

const ENGINE = { steps: 30, step_ms: 80, checkpoint_every: 5 };
/**
 * Trains for longer than any fault takes to come: what goes on from it is told to be as ENGINE. Not for ever: a start that comes
 * by itself meanwhile, as that of the run without its Secret, does as it is told too, and is waited for.
 */
const LASTING = { ...ENGINE, steps: 400 };
/** Longer than a command to the API server takes on a busy machine. */
const LONG = { ...ENGINE, steps: 150 };
const ETCD_PAUSE_MS = 20_000;

describe('a run ends once and right', () => {
  let lab: ClusterLab;
  let customer: Customer;
  let doomed: NodeAgent;
  /** Lost its Secret before its pod had a machine: half a minute until it is given up, while the others go on. */
  let withoutSecret: LabRun;
  /** Models with data, each for one run. */
  const models: number[] = [];

  beforeAll(async () => {
    lab = await ClusterLab.open({
      engine: ENGINE,
      pools: [{ name: 'gpu-on-demand', slots: 4 }],
    });
    doomed = await lab.addNode();
    customer = await lab.customer('gold');
    models.push(...(await Promise.all(Array.from({ length: 11 }, () => customer.modelWithData()))));
  });
  afterAll(() => lab.close());

  function start(): Promise<LabRun> {
    const model = models.shift();
    if (model === undefined) throw new Error('every model has its run');
    return customer.start(model);
  }

  /** A run that is at work when its fault comes. */
  const startLasting = async (): Promise<LabRun> => {
    lab.script(LASTING);
    return start();
  };

  const jobName = async (run: LabRun): Promise<string> => `run-${run.runId}-${String((await run.row()).starts)}`;
  const kubectl = (...args: string[]): Promise<string> => lab.cluster.kubectl(['-n', TRAINING_NAMESPACE, ...args]);

  const restartApiServer = async (): Promise<void> => {
    await lab.cluster.crash('kube-apiserver');
    await lab.cluster.revive();
  };

  it('though its node is deleted, and goes on from its checkpoint on another', async () => {
    const run = await startLasting();
    await run.isCheckpointed();
    lab.script(ENGINE);
    withoutSecret = await start();
    await withoutSecret.says(({ stage }) => expect(stage).toBe('provisioning'));
    await eventually(async () => kubectl('delete', 'secret', await jobName(withoutSecret)), { timeoutMs: 30_000 });
    await doomed.remove();
    await lab.addNode('gpu-on-demand', 4);
    await run.endsWell();
    expect((await run.row()).starts).toBe(2);
    expect(await run.log()).toContainEqual(expect.stringMatching(/^Going on from step \d+\.$/));
  });

  it('though its process is killed', async () => {
    const run = await startLasting();
    await run.isCheckpointed();
    lab.script(ENGINE);
    process.kill((await lab.podOf(run)).pid, 'SIGKILL');
    await run.endsWell();
    expect(await run.row()).toMatchObject({ starts: 2, failed_attempts: 1 });
  });

  it('though its Job is deleted by hand, which is no failed attempt', async () => {
    const run = await startLasting();
    await run.isCheckpointed();
    lab.script(ENGINE);
    await kubectl('delete', 'job', '--wait=false', await jobName(run));
    await run.endsWell();
    expect(await run.row()).toMatchObject({ starts: 2, failed_attempts: 0 });
  });

  it('though its Secret is deleted while it runs, which nobody notices', async () => {
    lab.script(LONG);
    const run = await start();
    await run.reaches('training');
    await kubectl('delete', 'secret', await jobName(run));
    lab.script(ENGINE);
    await run.endsWell();
    expect(await run.row()).toMatchObject({ starts: 1, failed_attempts: 0 });
  });

  it('though the API server is killed and comes back while it trains', async () => {
    const run = await start();
    await run.reaches('training');
    await lab.cluster.crash('kube-apiserver');
    // It is asked for while there is nobody to make its Job.
    const meanwhile = await start();
    await delay(2000);
    await lab.cluster.revive();
    for (const one of [run, meanwhile]) await one.endsWell();
    expect(await run.row()).toMatchObject({ starts: 1, failed_attempts: 0 });
  });

  it('though etcd stands still for twenty seconds', async () => {
    const run = await start();
    await run.reaches('training');
    lab.cluster.freeze('etcd');
    const meanwhile = await start();
    await delay(ETCD_PAUSE_MS);
    lab.cluster.thaw('etcd');
    // Scheduler and controller manager end when they cannot keep their leases for so long; whoever runs them starts them again.
    await lab.cluster.revive();
    for (const one of [run, meanwhile]) await one.endsWell();
    expect(await run.row()).toMatchObject({ starts: 1, failed_attempts: 0 });
  });

  it('though its Secret was missing when its pod came to a machine', async () => {
    await withoutSecret.endsWell();
    expect(await withoutSecret.row()).toMatchObject({ starts: 2, failed_attempts: 0 });
  });

  it.each<[string, () => Promise<void> | void]>([
    ['gets its request after that', () => lab.cluster.thaw('kube-apiserver')],
    ['loses its request', restartApiServer],
  ])('though the trainer dies between the commit of a start and its Job, and the API server %s', async (_, goOn) => {
    lab.cluster.freeze('kube-apiserver');
    const run = await start();
    await run.is((row) => expect([row.state, row.starts]).toEqual(['queued', 1]));
    lab.killTrainer();
    await goOn();
    await run.endsWell();
    expect((await run.row()).failed_attempts).toBe(0);
  });

  it('and leaves nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});
