import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import { toolPath, type TestCluster } from '@attune/testing-cluster';
import { dumpYaml, loadAllYaml, type KubernetesObject, type V1ConfigMap } from '@kubernetes/client-node';

const OVERLAY = join(__dirname, '..', '..', '..', '..', 'k8s', 'overlays', 'test');

/** What runs need of an overlay; the services themselves run as processes of this host. */
const KINDS = ['Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'PriorityClass', 'ResourceQuota', 'LimitRange'];

/** Of the services' own objects, what the trainer is given. */
export interface TrainersShare {
  /** The Job of a start, as the overlay has it. */
  blueprintFile: string;
  /** What the trainer's ServiceAccount may do, and nothing else. */
  kubeconfig: string;
}

/**
 * Applies what runs need of `k8s/overlays/test`, and writes what the trainer's pod would have mounted into the cluster's
 * folder. `gpus` replaces what the namespace's quota allows.
 */
export async function applyOverlay(cluster: TestCluster, gpus?: number): Promise<TrainersShare> {
  const rendered = loadAllYaml(await run(toolPath('kustomize'), ['build', OVERLAY])) as KubernetesObject[];
  const needed = rendered.filter(({ kind = '' }) => KINDS.includes(kind));
  // Namespaces first: nothing can be made in one that is not there.
  const isFirst = ({ kind = '' }: KubernetesObject): boolean => ['Namespace', 'PriorityClass'].includes(kind);
  await cluster.apply(...needed.filter(isFirst));
  await cluster.apply(...needed.filter((object) => !isFirst(object)));
  if (gpus !== undefined) {
    const hard = { 'requests.nvidia.com/gpu': String(gpus) };
    const body = JSON.stringify({ spec: { hard } });
    await cluster.kubectl(['patch', 'resourcequota', 'training', '-n', 'attune-training', '--type=merge', '-p', body]);
  }
  const blueprintFile = join(cluster.directory, 'job.yaml');
  await writeFile(blueprintFile, blueprintOf(rendered));
  return { blueprintFile, kubeconfig: await kubeconfigOf(cluster, 'attune', 'trainer') };
}

function blueprintOf(rendered: readonly KubernetesObject[]): string {
  const map = rendered.find(({ kind, metadata }) => kind === 'ConfigMap' && (metadata?.name ?? '').startsWith('training-job-blueprint'));
  const text = (map as V1ConfigMap | undefined)?.data?.['job.yaml'];
  if (text === undefined) throw new Error('the overlay has no blueprint of runs');
  return text;
}

/** A kubeconfig with a token of the account, as its pods would have one. */
async function kubeconfigOf(cluster: TestCluster, namespace: string, account: string): Promise<string> {
  const token = await cluster.kubectl(['create', 'token', account, '--namespace', namespace, '--duration', '24h']);
  const server = cluster.kubeConfig().getCurrentCluster();
  const path = join(cluster.directory, `${account}.kubeconfig`);
  await writeFile(
    path,
    dumpYaml({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: server?.server, 'certificate-authority': server?.caFile } }],
      users: [{ name: account, user: { token: token.trim() } }],
      contexts: [{ name: account, context: { cluster: 'test', user: account, namespace } }],
      'current-context': account,
    }),
  );
  return path;
}
