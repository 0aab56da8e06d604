import { CoreV1Api, type V1Job } from '@kubernetes/client-node';
import { eventually } from '@attune/testing';
import { FakeAutoscaler, priorityClass, startCluster, startNode, type ScaledPool, type TestCluster } from './index';
import { aJob, createJob, gone, podOf } from './test-support/jobs';

const GPU_TAINT = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };

describe('the scheduler of a test cluster', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster();
    await cluster.apply(priorityClass('low', 100, 'Never'), priorityClass('high', 200, 'PreemptLowerPriority'));
  });
  afterAll(() => cluster.stop());

  const aGpuJob = (name: string, script: string, pool: string, priorityClassName: string): V1Job =>
    aJob(name, script, {
      priorityClassName,
      nodeSelector: { 'attune.dev/pool': pool },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '1' } } }],
    });
  const aGpuNode = (pool: string) =>
    startNode(cluster, {
      labels: { 'attune.dev/pool': pool },
      taints: [GPU_TAINT],
      allocatable: { 'nvidia.com/gpu': '1' },
    });

  it('preempts the Job of a lower priority on the only GPU, marks its pod so, and runs the other one', async () => {
    const node = await aGpuNode('one');
    await createJob(
      cluster,
      aGpuJob('victim', 'trap "echo asked; sleep 4; exit 75" TERM; echo listens; sleep 600 & wait', 'one', 'low'),
    );
    const victim = await podOf(cluster, 'victim', ({ status }) => expect(status?.phase).toBe('Running'));
    await eventually(() => expect(node.log(victim.metadata?.name ?? '')).toContain('listens\n'));
    await createJob(cluster, aGpuJob('winner', 'exit 0', 'one', 'high'));
    const name = victim.metadata?.name ?? '';
    await eventually(
      async () => {
        const pod = await cluster.client(CoreV1Api).readNamespacedPod({ namespace: 'default', name });
        expect(pod.status?.conditions).toContainEqual(
          expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }),
        );
      },
      { timeoutMs: 60_000, everyMs: 10 },
    );
    await gone(cluster, name);
    expect(node.log(name)).toBe('listens\nasked\n');
    await podOf(cluster, 'winner', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    await node.remove();
  });

  it('gets nodes for pods that wait, no more than the pool may have, and loses them when they stand empty', async () => {
    const pool: ScaledPool = { pool: 'spot', maximum: 1, makeNode: () => aGpuNode('spot') };
    const autoscaler = new FakeAutoscaler(cluster, { pools: [pool], idleMs: 1500 });
    const phases = async (): Promise<(string | undefined)[]> => {
      const pods = await Promise.all(['first', 'second'].map((job) => podOf(cluster, job)));
      return pods.map(({ status }) => status?.phase);
    };
    expect(autoscaler.nodesOf('spot')).toEqual([]);
    for (const job of ['first', 'second']) await createJob(cluster, aGpuJob(job, 'sleep 600', 'spot', 'low'));
    await eventually(async () => expect((await phases()).sort()).toEqual(['Pending', 'Running']), {
      timeoutMs: 60_000,
    });
    expect(autoscaler.nodesOf('spot')).toHaveLength(1);
    pool.maximum = 2;
    await eventually(async () => expect(await phases()).toEqual(['Running', 'Running']), { timeoutMs: 60_000 });
    await cluster.kubectl(['delete', 'job', 'first', 'second', '--wait=false']);
    const [node] = autoscaler.nodesOf('spot');
    await eventually(() => expect(autoscaler.nodesOf('spot')).toEqual([]), { timeoutMs: 60_000 });
    expect(node).toBeDefined();
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('');
  });
});
