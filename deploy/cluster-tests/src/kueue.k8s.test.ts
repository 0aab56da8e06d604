import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchV1Api, type V1Deployment, type V1Job } from '@kubernetes/client-node';
import { newId, toNamedLimits, unlimited, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { canRunKueue, startCluster, startKueue, startNode, type TestCluster } from '@attune/testing-cluster';
import { queueInKueue } from '../../../apps/trainer/src/starts/kubernetes/kueue-queue';
import { TestRun } from '../../../apps/trainer/src/test-support/a-run';
import { SCRIPTED_ENGINE } from '../../../apps/trainer/src/test-support/scripted-base';
import { TestPlatform } from '../../../apps/trainer/src/test-support/test-platform';
import type { TrainerProcess } from '../../../apps/trainer/src/test-support/trainer-process';
import { blueprintOf } from './test-support/blueprint';
import { ofKind, type Manifest } from './test-support/manifest';
import { render } from './test-support/render';

const NAMESPACE = 'attune-training';
const IMAGE = 'ghcr.io/attune-asr/runner-cpu:0.1.0';
const RUNNER = join(__dirname, '..', '..', '..', 'apps', 'trainer', 'dist', 'runner.js');
/** Its only checkpoint is the one that it saves when it is asked to end. */
const SLOW = { steps: 40, step_ms: 100, checkpoint_every: 1000 };
/** While it trains, others can be seen to wait on a busy machine too. */
const SLOWER = { ...SLOW, steps: 150 };

/** What is read and changed of the component's ClusterQueues. */
interface ClusterQueue extends Manifest {
  spec: { resourceGroups: { flavors: { resources: { name: string; nominalQuota: unknown }[] }[] }[] };
}

jest.setTimeout(600_000);

if (canRunKueue()) {
  describe('two GPUs in the queues of the component', shares);
  describe('training in a cluster with Kueue, which grants one GPU of the two that the trainer counts on', trains);
} else {
  test.skip('training in a cluster with Kueue: it cannot run here', () => undefined);
}

/** Without a trainer or a node: what Kueue lets go is what counts here. */
function shares(): void {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster();
    await startKueue(cluster);
    await cluster.apply(...withGpus(2, await render('test', ['kueue'])));
  }, 240_000);
  afterAll(() => cluster.stop());

  const starts = (name: string, kind: 'gold' | 'enterprise' | 'protected'): Promise<void> =>
    cluster.apply(queueInKueue(aJob(name, `attune-train-${kind}`), 'training', 'attune-train-protected'));
  const ends = (name: string): Promise<unknown> =>
    cluster.client(BatchV1Api).deleteNamespacedJob({ namespace: NAMESPACE, name, propagationPolicy: 'Background' });
  /** The Jobs that Kueue lets run, by name. */
  const running = async (): Promise<(string | undefined)[]> => {
    const { items } = await cluster.client(BatchV1Api).listNamespacedJob({ namespace: NAMESPACE });
    return items.filter(({ spec }) => spec?.suspend !== true).map(({ metadata }) => metadata?.name);
  };
  const untilRunning = (...names: string[]): Promise<void> =>
    eventually(async () => expect((await running()).sort()).toEqual(names), { timeoutMs: 60_000 });
  /** Until Kueue has looked at it and found no room. */
  const untilRefused = async (name: string): Promise<void> => {
    const { metadata } = await cluster.client(BatchV1Api).readNamespacedJob({ namespace: NAMESPACE, name });
    const selector = `kueue.x-k8s.io/job-uid=${metadata?.uid ?? ''}`;
    const wait = ['wait', 'workload', '--namespace', NAMESPACE, '--selector', selector, '--timeout=60s'];
    // Refused by kubectl as long as there is no Workload.
    await eventually(() => cluster.kubectl([...wait, '--for=condition=QuotaReserved=False']), {
      timeoutMs: 60_000,
      everyMs: 200,
    });
  };

  it('go to Enterprise before Gold, and next to who lost one, who takes none and loses none', async () => {
    await starts('gold-1', 'gold');
    await untilRunning('gold-1');
    // Kueue takes the one that was admitted last, and counts in whole seconds: of two in the same one it takes either.
    await delay(1100);
    await starts('gold-2', 'gold');
    await untilRunning('gold-1', 'gold-2');
    await starts('enterprise-1', 'enterprise');
    await untilRunning('enterprise-1', 'gold-1');

    await starts('gold-3', 'gold');
    await ends('gold-2');
    await starts('protected', 'protected');
    await untilRefused('gold-3');
    await untilRefused('protected');
    await untilRunning('enterprise-1', 'gold-1');

    await ends('enterprise-1');
    await untilRunning('gold-1', 'protected');
    await starts('enterprise-2', 'enterprise');
    await untilRunning('enterprise-2', 'protected');
    await starts('enterprise-3', 'enterprise');
    await untilRefused('enterprise-3');
    await untilRunning('enterprise-2', 'protected');
  });
}

function trains(): void {
  let platform: TestPlatform;
  let cluster: TestCluster;
  let trainer: TrainerProcess;
  /** What engines do that start from now on. */
  let tell: (script: object) => Promise<void>;

  beforeAll(async () => {
    [platform, cluster] = await Promise.all([TestPlatform.start(), startCluster()]);
    await startKueue(cluster);
    const manifests = await render('test', ['kueue']);
    await cluster.apply(...withGpus(1, manifests));
    const script = join(cluster.directory, 'script.json');
    tell = (what) => writeFile(script, JSON.stringify(what));
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
      TRAINER_POOLS: JSON.stringify([{ name: 'gpu-spot', resource: 'nvidia.com/gpu', spot: true, slots: 2 }]),
      TRAINER_KUEUE_QUEUE: queueOf(manifests),
    });
    await trainer.start();
  }, 240_000);
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
      { timeoutMs: 60_000 },
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
    await tell(SLOWER);
    const first = await requested('gold');
    await first.reaches('training');
    const second = await requested('gold');
    await untilWaitsForShare(second);
    await tell(SLOW);
    await second.reaches('succeeded', 120_000);
    await first.reaches('succeeded');
    expect(await momentOf(second, 'queued', 'preparing')).toBeGreaterThan(
      await momentOf(first, 'training', 'evaluating'),
    );
    await eventually(async () => expect([...(await jobsOf(first)), ...(await jobsOf(second))]).toEqual([]), {
      timeoutMs: 60_000,
    });
  });

  it('takes the GPU of a Gold run for an Enterprise run; the Gold run resumes, and loses it to nobody again', async () => {
    await tell(SLOWER);
    const gold = await requested('gold');
    await gold.trains();
    const enterprise = await requested('enterprise');
    await enterprise.reaches('training');
    await untilWaitsForShare(gold);
    expect(await placeOf(gold)).toMatchObject({ preemptions: 1, failed_attempts: 0 });
    // The Job that lost its GPU may still be there.
    const job = (await jobsOf(gold)).find(({ metadata }) => metadata?.labels?.['attune.dev/start'] === '2');
    expect(job?.metadata?.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'training-protected' });
    expect(await momentOf(enterprise, 'queued', 'preparing')).toBeGreaterThan(
      await momentOf(gold, 'training', 'queued'),
    );

    await gold.reaches('training', 120_000);
    const another = await requested('enterprise');
    await untilWaitsForShare(another);
    await tell(SLOW);
    await gold.reaches('succeeded', 120_000);
    await another.reaches('succeeded', 120_000);
    expect(await gold.state()).toMatchObject({ starts: 2, epoch: 2, failed_attempts: 0 });
    const { lines } = await platform.log(gold.organizationId, gold.modelId, { offset: 0, limit: 1000 });
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Going on from step \d+\.$/));
  });
}

/** The namespaces and classes, and the component's own objects with so many GPUs in the spot pool. */
function withGpus(gpus: number, manifests: readonly Manifest[]): Manifest[] {
  for (const queue of ofKind(manifests, 'ClusterQueue') as ClusterQueue[]) {
    const resources = queue.spec.resourceGroups.flatMap(({ flavors }) => flavors[0]?.resources ?? []);
    const quota = resources.find(({ name }) => name === 'nvidia.com/gpu');
    if (quota && quota.nominalQuota !== 0) quota.nominalQuota = gpus;
  }
  return ofKind(manifests, 'Namespace', 'PriorityClass', 'ResourceFlavor', 'ClusterQueue', 'LocalQueue');
}

function aJob(name: string, priorityClassName: string): V1Job {
  const container = { name: 'runner', image: IMAGE, resources: { limits: { 'nvidia.com/gpu': '1' } } };
  const spec = {
    ...{ nodeSelector: { 'attune.dev/pool': 'gpu-spot' }, restartPolicy: 'Never', priorityClassName },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
  };
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: { name, namespace: NAMESPACE },
    spec: { backoffLimit: 0, template: { spec: { ...spec, containers: [container] } } },
  };
}

/** As the component tells the trainer. */
function queueOf(manifests: readonly Manifest[]): string {
  const trainer = ofKind(manifests, 'Deployment').find(({ metadata }) => metadata.name === 'trainer') as V1Deployment;
  const env = trainer.spec?.template.spec?.containers[0]?.env ?? [];
  return env.find(({ name }) => name === 'TRAINER_KUEUE_QUEUE')?.value ?? '';
}
