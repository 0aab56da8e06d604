import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestCluster } from '@attune/testing-cluster';
import { dumpYaml } from '@kubernetes/client-node';
import { blueprintOf } from './blueprint';
import { ofKind } from './manifest';
import { render } from './render';

/** What runs need of an overlay; the services themselves run as processes of this host. */
const KINDS = [
  ['Namespace', 'PriorityClass'],
  ['ServiceAccount', 'Role', 'RoleBinding', 'ResourceQuota', 'LimitRange'],
];

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
  const rendered = await render('test');
  // In this order: nothing can be made in a namespace that is not there.
  for (const kinds of KINDS) await cluster.apply(...ofKind(rendered, ...kinds));
  if (gpus !== undefined) {
    const hard = { 'requests.nvidia.com/gpu': String(gpus) };
    const body = JSON.stringify({ spec: { hard } });
    await cluster.kubectl(['patch', 'resourcequota', 'training', '-n', 'attune-training', '--type=merge', '-p', body]);
  }
  const blueprintFile = join(cluster.directory, 'job.yaml');
  await writeFile(blueprintFile, blueprintOf(rendered));
  return { blueprintFile, kubeconfig: await kubeconfigOf(cluster, 'attune', 'trainer') };
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
