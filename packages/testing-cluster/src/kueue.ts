import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import { freePort } from '@attune/embedded';
import type { TestCluster } from './cluster';
import { applyDefinitions, hasOperator, startOperator, writeCertificates, type Operator } from './operator';
import type { Manifest } from './manifests';
import { toolPath, toolSources } from './tools';

/** Root may mount in a namespace of its own; others may where the kernel lets them be root of one. */
const OWN_MOUNTS: readonly string[] = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount'];
/** What our component queues, and Kueue's own objects; Pods, Deployments and the rest are none of its business here. */
const GROUPS = ['kueue.x-k8s.io', 'batch'];

/** Whether tests of Kueue can run here. Known before any test is registered. */
export function canRunKueue(): boolean {
  if (!hasOperator('kueue')) return false;
  const [unshare = '', ...args] = OWN_MOUNTS;
  if (spawnSync(unshare, [...args, 'true']).status === 0) return true;
  process.stderr.write('No mount namespaces here, which kueue needs for its certificates: its tests are left out.\n');
  return false;
}

/** Kueue's manager with its custom resource definitions and webhooks, for batch/v1 Jobs. */
export async function startKueue(cluster: TestCluster): Promise<Operator> {
  const components = join(await toolSources('kueue'), 'config', 'components');
  await applyDefinitions(cluster, join(components, 'crd', 'bases'));

  // Its metrics' certificate has a fixed place; this folder is its /etc, in its own mount namespace only.
  const etc = join(cluster.directory, 'kueue-etc');
  const certificates = join(etc, 'kueue', 'metrics', 'certs');
  const ca = await writeCertificates(cluster, certificates);
  const [metrics, health, webhook] = [await freePort(), await freePort(), await freePort()];
  const config = join(cluster.directory, 'kueue.json');
  await writeFile(config, JSON.stringify(configuration({ metrics, health, webhook, certificates })));
  const operator = await startOperator(
    cluster,
    'kueue',
    [...OWN_MOUNTS, 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', etc, toolPath('kueue'), `--config=${config}`],
    { readyUrl: `http://127.0.0.1:${String(health)}/readyz` },
  );
  try {
    await applyWebhooks(cluster, join(components, 'webhook', 'manifests.yaml'), { port: webhook, ca });
  } catch (error) {
    await operator.stop();
    throw error;
  }
  return operator;
}

function configuration(at: { metrics: number; health: number; webhook: number; certificates: string }): unknown {
  return {
    apiVersion: 'config.kueue.x-k8s.io/v1beta2',
    kind: 'Configuration',
    health: { healthProbeBindAddress: `127.0.0.1:${String(at.health)}` },
    metrics: { bindAddress: `127.0.0.1:${String(at.metrics)}` },
    webhook: { host: '127.0.0.1', port: at.webhook, certDir: at.certificates },
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    // An API server of its own, which an operator outside the cluster cannot register.
    featureGates: { VisibilityOnDemand: false },
    integrations: { frameworks: ['batch/job'] },
  };
}

interface Webhook {
  clientConfig: { service?: { path?: string } };
  rules?: { apiGroups?: string[] }[];
}

/** The module's webhooks at this operator's address instead of a Service's. */
async function applyWebhooks(
  cluster: TestCluster,
  manifests: string,
  { port, ca }: { port: number; ca: string },
): Promise<void> {
  const documents = loadAllYaml(await readFile(manifests, 'utf8')) as (Manifest & { webhooks: Webhook[] })[];
  const moved = documents.map((document) => ({
    ...document,
    webhooks: document.webhooks.filter(isOurs).map((hook) => ({
      ...hook,
      clientConfig: { url: `https://127.0.0.1:${String(port)}${hook.clientConfig.service?.path ?? ''}`, caBundle: ca },
    })),
  }));
  await cluster.apply(...moved);
}

function isOurs({ rules = [] }: Webhook): boolean {
  return rules.every(({ apiGroups = [] }) => apiGroups.every((group) => GROUPS.includes(group)));
}
