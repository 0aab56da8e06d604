import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { isAlive } from '@attune/embedded';
import { eventually } from '@attune/testing';
import { startCluster, startNode, type NodeAgent, type TestCluster } from './index';
import { aJob, createJob, deleteJob, gone, podOf } from './test-support/jobs';

describe('a node that runs the commands of its pods', () => {
  let cluster: TestCluster;
  let node: NodeAgent;

  beforeAll(async () => {
    cluster = await startCluster();
    node = await startNode(cluster, {
      labels: { 'attune.dev/pool': 'cpu' },
      absentImages: ['registry.example/absent:1'],
      commands: {
        'registry.example/runner': ({ env }) => ({
          command: 'sh',
          args: ['-c', `echo "$WHO"; exit ${env.CODE ?? '1'}`],
        }),
      },
    });
  });
  afterAll(() => cluster.stop());

  const running = async (job: string): Promise<{ name: string; pid: number }> => {
    const pod = await podOf(cluster, job, ({ status }) => expect(status?.phase).toBe('Running'));
    const name = pod.metadata?.name ?? '';
    return { name, pid: node.pid(name) ?? 0 };
  };
  /** Its command has said that it listens to signals. */
  const listening = (name: string): Promise<void> =>
    eventually(() => expect(node.log(name)).toContain('listens\n'), { timeoutMs: 30_000 });
  const terminated = async (job: string) => {
    const pod = await podOf(cluster, job, ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.terminated).toBeDefined(),
    );
    const state = pod.status?.containerStatuses?.[0]?.state?.terminated;
    return { phase: pod.status?.phase, exitCode: state?.exitCode, reason: state?.reason };
  };

  it('runs the command of a Job, whose exit code becomes the container’s', async () => {
    await createJob(cluster, aJob('fails', 'echo said; exit 65'));
    expect(await terminated('fails')).toMatchObject({ phase: 'Failed', exitCode: 65, reason: 'Error' });
    const [pod] = [await podOf(cluster, 'fails')];
    expect(node.log(pod.metadata?.name ?? '')).toBe('said\n');
    await createJob(cluster, aJob('succeeds', 'true'));
    expect(await terminated('succeeds')).toMatchObject({ phase: 'Succeeded', exitCode: 0, reason: 'Completed' });
    await eventually(async () => {
      const job = await cluster.client(BatchV1Api).readNamespacedJob({ namespace: 'default', name: 'succeeds' });
      expect(job.status?.succeeded).toBe(1);
    });
  });

  it('gives it what the pod says: values, secrets, config maps, fields, and folders in place of its mounts', async () => {
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'token', namespace: 'default' },
        stringData: { token: 's3cret' },
      },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'default' },
        data: { level: 'debug' },
      },
    );
    const script = 'echo "$TOKEN $LEVEL $NODE $GREETING"; cat "$SETTINGS/level"; echo kept > "$WORK/file" && cat "$0"';
    const job = aJob('sees', script);
    const pod = job.spec?.template.spec;
    Object.assign(pod?.containers[0] ?? {}, {
      command: ['sh', '-c', script, '/scratch/work/file'],
      env: [
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'token' } } },
        { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'GREETING', value: 'hello $(LEVEL)' },
        { name: 'WORK', value: '/scratch/work' },
        { name: 'SETTINGS', value: '/etc/settings' },
      ],
      volumeMounts: [
        { name: 'scratch', mountPath: '/scratch' },
        { name: 'scratch', mountPath: '/scratch/work', subPath: 'inner' },
        { name: 'settings', mountPath: '/etc/settings' },
      ],
    });
    Object.assign(pod ?? {}, {
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'settings', configMap: { name: 'settings' } },
      ],
    });
    await createJob(cluster, job);
    expect(await terminated('sees')).toMatchObject({ exitCode: 0 });
    const { metadata } = await podOf(cluster, 'sees');
    expect(node.log(metadata?.name ?? '')).toBe(`s3cret debug ${node.name} hello debug\ndebugkept\n`);
  });

  it('runs what the table says for an image', async () => {
    const job = aJob('by-image', '');
    Object.assign(job.spec?.template.spec?.containers[0] ?? {}, {
      image: 'registry.example/runner-cpu:1',
      env: [
        { name: 'CODE', value: '75' },
        { name: 'WHO', value: 'me' },
      ],
    });
    await createJob(cluster, job);
    expect(await terminated('by-image')).toMatchObject({ exitCode: 75 });
  });

  it('asks a deleted pod to end, kills it after its grace period, and then removes it', async () => {
    await createJob(
      cluster,
      aJob('polite', 'trap "echo asked; exit 75" TERM; echo listens; sleep 600 & wait', {
        terminationGracePeriodSeconds: 60,
      }),
    );
    const polite = await running('polite');
    await listening(polite.name);
    await deleteJob(cluster, 'polite');
    await gone(cluster, polite.name);
    expect(node.log(polite.name)).toBe('listens\nasked\n');

    await createJob(
      cluster,
      aJob('stubborn', 'trap "echo asked" TERM; echo listens; while true; do sleep 1; done', {
        terminationGracePeriodSeconds: 2,
      }),
    );
    const stubborn = await running('stubborn');
    await listening(stubborn.name);
    const started = performance.now();
    await deleteJob(cluster, 'stubborn');
    await gone(cluster, stubborn.name);
    expect(performance.now() - started).toBeGreaterThan(2000);
    expect(node.log(stubborn.name)).toContain('asked\n');
    expect(isAlive(stubborn.pid)).toBe(false);
  });

  it('kills a pod sooner when it is deleted once more with a shorter grace period', async () => {
    await createJob(
      cluster,
      aJob('hurried', 'trap "" TERM; echo listens; sleep 600', { terminationGracePeriodSeconds: 300 }),
    );
    const { name, pid } = await running('hurried');
    await listening(name);
    await deleteJob(cluster, 'hurried');
    await eventually(async () => {
      const pod = await cluster.client(CoreV1Api).readNamespacedPod({ namespace: 'default', name });
      expect(pod.metadata?.deletionGracePeriodSeconds).toBe(300);
    });
    await cluster.client(CoreV1Api).deleteNamespacedPod({ namespace: 'default', name, gracePeriodSeconds: 1 });
    await gone(cluster, name);
    expect(isAlive(pid)).toBe(false);
  });

  it('shows a missing secret as a kubelet does, and starts when it comes', async () => {
    const job = aJob('waits', 'exit 3');
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'late', key: 'token' } } }];
    Object.assign(job.spec?.template.spec?.containers[0] ?? {}, { env });
    await createJob(cluster, job);
    await podOf(cluster, 'waits', ({ status }) =>
      expect([status?.phase, status?.containerStatuses?.[0]?.state?.waiting]).toEqual([
        'Pending',
        { reason: 'CreateContainerConfigError', message: 'secret "late" not found' },
      ]),
    );
    await cluster.kubectl(['create', 'secret', 'generic', 'late', '--from-literal=token=x']);
    expect(await terminated('waits')).toMatchObject({ exitCode: 3 });
  });

  it('cannot pull an image that is absent, until it is there', async () => {
    const job = aJob('pulls', 'exit 4');
    Object.assign(job.spec?.template.spec?.containers[0] ?? {}, { image: 'registry.example/absent:1' });
    await createJob(cluster, job);
    await podOf(cluster, 'pulls', ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ImagePullBackOff'),
    );
    node.absentImages.delete('registry.example/absent:1');
    expect(await terminated('pulls')).toMatchObject({ exitCode: 4 });
  });

  it('says that a container ran out of memory', async () => {
    await createJob(cluster, aJob('eats', 'sleep 600'));
    const { name } = await running('eats');
    node.outOfMemory(name);
    expect(await terminated('eats')).toMatchObject({ phase: 'Failed', exitCode: 137, reason: 'OOMKilled' });
  });

  it('tells the end of a container once the API server is back', async () => {
    await createJob(cluster, aJob('meanwhile', 'sleep 5; exit 70'));
    const { pid } = await running('meanwhile');
    await cluster.crash('kube-apiserver');
    await eventually(() => expect(isAlive(pid)).toBe(false), { timeoutMs: 30_000 });
    await cluster.revive();
    expect(await terminated('meanwhile')).toMatchObject({ exitCode: 70 });
  });

  it('leaves no process of a machine that is switched off, and says nothing about it', async () => {
    const machine = await startNode(cluster, { labels: { machine: 'doomed' } });
    await createJob(cluster, aJob('doomed', 'sleep 600', { nodeSelector: { machine: 'doomed' } }));
    const pod = await podOf(cluster, 'doomed', ({ status }) => expect(status?.phase).toBe('Running'));
    const pid = machine.pid(pod.metadata?.name ?? '') ?? 0;
    expect(isAlive(pid)).toBe(true);
    await machine.crash();
    await eventually(() => expect(isAlive(pid)).toBe(false));
    expect((await podOf(cluster, 'doomed')).status?.phase).toBe('Running');
  });
});
