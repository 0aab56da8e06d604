import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { eventually, tsProgram } from '@attune/testing';
import { startCluster, startNode, type TestCluster } from './index';
import { aJob, createJob, podOf } from './test-support/jobs';

const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok-controller'] as const;

describe('a control plane of its own', () => {
  const clusters: TestCluster[] = [];
  afterEach(() => Promise.all(clusters.splice(0).map((cluster) => cluster.stop())));

  /** Processes whose command line names the cluster's folder. */
  const processesOf = (directory: string): string[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLine(pid).includes(`${directory}/`));

  it('stands beside another, and leaves no process and no file', async () => {
    const [one, other] = await Promise.all([startCluster(), startCluster()]);
    clusters.push(one, other);
    await startNode(one, { name: 'only-here' });
    const names = async (cluster: TestCluster) =>
      (await cluster.client(CoreV1Api).listNode()).items.map(({ metadata }) => metadata?.name);
    expect([await names(one), await names(other)]).toEqual([['only-here'], []]);
    expect(processesOf(one.directory)).toHaveLength(COMPONENTS.length);
    await one.stop();
    expect([processesOf(one.directory), existsSync(one.directory)]).toEqual([[], false]);
    expect(await names(other)).toEqual([]);
  });

  it('completes the pods of kwok’s fake nodes, and never those of a node agent', async () => {
    const cluster = await startCluster();
    clusters.push(cluster);
    await startNode(cluster, { labels: { kind: 'real' } });
    const allocatable = { cpu: '8', memory: '8Gi', pods: '10' };
    await cluster.client(CoreV1Api).createNode({
      body: {
        metadata: { name: 'fake', labels: { kind: 'fake' }, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
        status: { allocatable, capacity: allocatable },
      },
    });
    await createJob(cluster, aJob('said', 'exit 1', { nodeSelector: { kind: 'fake' } }));
    await createJob(cluster, aJob('done', 'sleep 2; exit 9', { nodeSelector: { kind: 'real' } }));
    await podOf(cluster, 'said', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    const done = await podOf(cluster, 'done', ({ status }) => expect(status?.phase).toBe('Failed'));
    expect(done.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(9);
  });

  it('is the same after its API server was killed, and answers again after etcd was frozen', async () => {
    const cluster = await startCluster();
    clusters.push(cluster);
    await cluster.kubectl(['create', 'namespace', 'kept']);
    await cluster.crash('kube-apiserver');
    expect(() => cluster.pid('kube-apiserver')).toThrow();
    await cluster.revive();
    cluster.freeze('etcd');
    await expect(cluster.kubectl(['get', 'namespace', 'kept', '--request-timeout=2s'])).rejects.toThrow('failed');
    cluster.thaw('etcd');
    await eventually(
      async () => expect(await cluster.kubectl(['get', 'namespace', 'kept', '-o', 'name'])).toBe('namespace/kept\n'),
      { timeoutMs: 60_000 },
    );
  });

  it('does not outlive a test process that is killed, nor do its pods’ processes', async () => {
    const { command, args } = tsProgram(join(__dirname, 'test-support', 'cluster-with-a-pod.ts'));
    const program = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(program.stdout, 'data')) as [Buffer];
    const { directory, pid } = JSON.parse(line.toString()) as { directory: string; pid: number };
    expect(commandLine(String(pid))).toContain('600');
    program.kill('SIGKILL');
    await eventually(
      () => {
        expect([processesOf(directory), existsSync(directory), commandLine(String(pid))]).toEqual([[], false, '']);
      },
      { timeoutMs: 30_000 },
    );
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
