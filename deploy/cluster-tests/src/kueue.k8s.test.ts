import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BatchV1Api, type V1Deployment, type V1Job } from '@kubernetes/client-node';
import { newId, toNamedLimits, unlimited, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { canRunKueue, startCluster, startKueue, startNode, type TestCluster } from '@attune/testing-cluster';
import { TestRun } from '../../../apps/trainer/src/test-support/a-run';
import { SCRIPTED_ENGINE } from '../../../apps/trainer/src/test-support/scripted-base';
import { TestPlatform } from '../../../apps/trainer/src/test-support/test-platform';
import type { TrainerProcess } from '../../../apps/trainer/src/test-support/trainer-process';
import { blueprintOf } from './blueprint';
import { ofKind, type Manifest } from './manifest';
import { render } from './test-support/render';

const NAMESPACE = 'attune-training';
const IMAGE = 'ghcr.io/attune-asr/runner-cpu:0.1.0';
const RUNNER = join(__dirname, '..', '..', '..', 'apps', 'trainer', 'dist', 'runner.js');
/** Its only checkpoint is the one that it saves when it is asked to end. */
const SLOW = { steps: 40, step_ms: 100, checkpoint_every: 1000 };

/** What is read and changed of the component's ClusterQueues. */
interface ClusterQueue extends Manifest {
  spec: { resourceGroups: { flavors: { resources: { name: string; nominalQuota: unknown }[] }[] }[] };
}

if (canRunKueue()) {
  describe('training in a cluster with Kueue, which grants one GPU of the two that the trainer counts on', trains);
} else {
  test.skip('training in a cluster with Kueue: it cannot run here', () => undefined);
}

function trains(): void {
  let platform: TestPlatform;
  let cluster: TestCluster;
  let trainer: TrainerProcess;

  beforeAll(async () => {
    [platform, cluster] = await Promise.all([TestPlatform.start(), startCluster()]);
    await startKueue(cluster);
    const manifests = await render('test', ['kueue']);
    await cluster.apply(...withOneGpu(manifests));
    const script = join(cluster.directory, 'script.json');
    await writeFile(script, JSON.stringify(SLOW));
    const engines = JSON.stringify({ scripted: [process.execPath, SCRIPTED_ENGINE, '--script', script] });
    await startNode(cluster, {
      labels: { 'attune.dev/pool': 'gpu-spot' },
      taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }],
      allocatable: { 'nvidia.com/gpu': '2' },
      commands: {
        [IMAGE]: () => ({ command: process.execPath, args: [RUNNER], env: { ENGINES: engines, THREADS: '1' } }),
      },
    });
    const blueprint = join(cluster.directory, 'job.yaml');
    await writeFile(blueprint, blueprintOf(manifests));
    trainer = platform.trainer(SLOW, {
      KUBECONFIG: cluster.kubeconfig,
      TRAINER_EXECUTOR: 'kubernetes',
      TRAINER_KUBERNETES_BLUEPRINT: blueprint,
      TRAINER_RUNNER_IMAGE: IMAGE,
      TRAINER_INTERNAL_URL: `http://127.0.0.1:${String(platform.port)}`,
      TRAINER_POOLS: JSON.stringify([{ name: 'gpu-spot', spot: true, slots: 2 }]),
      TRAINER_KUEUE_QUEUE: queueOf(manifests),
    });
    await trainer.start();
  }, 120_000);
  afterAll(async () => {
    await trainer.end('SIGKILL');
    await cluster.stop();
    await platform.stop();
  });

  const requested = async (plan: 'gold' | 'enterprise'): Promise<TestRun> => {
    const organizationId = newId<OrganizationId>();
    await platform.publish('billing.entitlements-changed.v2', {
      organization_id: organizationId,
      plan,
      revision: 1,
      may_train: true,
      minimum_training_ms: 0,
      limits: toNamedLimits(unlimited),
      limit_overrides: {},
    });
    await platform.untilTaken();
    return (await new TestRun(platform, organizationId).store()).request();
  };
  const placeOf = async ({ runId }: TestRun): Promise<unknown> => {
    const columns = 'state, stage, stage_detail, failed_attempts, preemptions';
    const [row] = await platform.database.query('system', `SELECT ${columns} FROM training_run WHERE id = $1`, [runId]);
    return row;
  };
  const untilWaitsForShare = (run: TestRun): Promise<void> =>
    eventually(
      async () =>
        expect(await placeOf(run)).toMatchObject({
          state: 'queued',
          stage: 'provisioning',
          stage_detail: 'It waits for its share of the machines.',
        }),
      { timeoutMs: 20_000 },
    );
  /** One number for all runs' transitions, in their order. */
  const momentOf = async ({ runId }: TestRun, from: string, to: string): Promise<number> => {
    const [row] = await platform.database.query<{ position: string }>(
      'system',
      'SELECT max(position) AS position FROM run_transition WHERE run_id = $1 AND from_state = $2 AND to_state = $3',
      [runId, from, to],
    );
    return Number(row?.position);
  };
  const jobsOf = async ({ runId }: TestRun): Promise<V1Job[]> => {
    const labelSelector = `attune.dev/run=${runId}`;
    return (await cluster.client(BatchV1Api).listNamespacedJob({ namespace: NAMESPACE, labelSelector })).items;
  };

  it('lets one of two runs go; the other says what it waits for, and follows', async () => {
    const first = await requested('gold');
    await first.reaches('training', 30_000);
    const second = await requested('gold');
    await untilWaitsForShare(second);
    await second.reaches('succeeded', 60_000);
    await first.reaches('succeeded');
    expect(await momentOf(second, 'queued', 'preparing')).toBeGreaterThan(
      await momentOf(first, 'training', 'evaluating'),
    );
    await eventually(async () => expect([...(await jobsOf(first)), ...(await jobsOf(second))]).toEqual([]));
  });

  it('takes the GPU of a Gold run for an Enterprise run; the Gold run resumes, and loses it to nobody again', async () => {
    const gold = await requested('gold');
    await gold.reaches('training', 30_000);
    const enterprise = await requested('enterprise');
    await enterprise.reaches('training', 30_000);
    await untilWaitsForShare(gold);
    expect(await placeOf(gold)).toMatchObject({ preemptions: 1, failed_attempts: 0 });
    const [job] = await jobsOf(gold);
    expect(job?.metadata?.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'training-protected' });
    expect(await momentOf(enterprise, 'queued', 'preparing')).toBeGreaterThan(
      await momentOf(gold, 'training', 'queued'),
    );

    await gold.reaches('training', 60_000);
    const another = await requested('enterprise');
    await untilWaitsForShare(another);
    await gold.reaches('succeeded', 60_000);
    await another.reaches('succeeded', 60_000);
    expect(await gold.state()).toMatchObject({ starts: 2, epoch: 2, failed_attempts: 0 });
    const { lines } = await platform.log(gold.organizationId, gold.modelId, { offset: 0, limit: 1000 });
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Going on from step \d+\.$/));
  });
}

/** The namespaces and classes, and the component's own objects with a quota of one GPU in the spot pool. */
function withOneGpu(manifests: readonly Manifest[]): Manifest[] {
  for (const queue of ofKind(manifests, 'ClusterQueue') as ClusterQueue[]) {
    const [spot, onDemand] = queue.spec.resourceGroups.flatMap(({ flavors }) => flavors);
    for (const { resources, gpus } of [
      { resources: spot?.resources, gpus: 1 },
      { resources: onDemand?.resources, gpus: 0 },
    ]) {
      const quota = resources?.find(({ name }) => name === 'nvidia.com/gpu');
      if (quota && quota.nominalQuota !== 0) quota.nominalQuota = gpus;
    }
  }
  return ofKind(manifests, 'Namespace', 'PriorityClass', 'ResourceFlavor', 'ClusterQueue', 'LocalQueue');
}

/** As the component tells the trainer. */
function queueOf(manifests: readonly Manifest[]): string {
  const trainer = ofKind(manifests, 'Deployment').find(({ metadata }) => metadata.name === 'trainer') as V1Deployment;
  const env = trainer.spec?.template.spec?.containers[0]?.env ?? [];
  return env.find(({ name }) => name === 'TRAINER_KUEUE_QUEUE')?.value ?? '';
}
