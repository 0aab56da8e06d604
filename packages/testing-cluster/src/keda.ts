import { join } from 'node:path';
import { freePort } from '@attune/embedded';
import type { TestCluster } from './cluster';
import { applyDefinitions, hasOperator, startOperator, writeCertificates, type Operator } from './operator';
import { toolPath, toolSources } from './tools';

/** Whether tests of KEDA can run here. Known before any test is registered. */
export function canRunKeda(): boolean {
  return hasOperator('keda');
}

/**
 * KEDA's operator with its custom resource definitions. Its metrics server is not there, so that a target is scaled between 0
 * and 1 only: from 1 to N is the HorizontalPodAutoscaler's work, which asks that server.
 */
export async function startKeda(cluster: TestCluster): Promise<Operator> {
  const definitions = join(await toolSources('keda'), 'config', 'crd', 'bases');
  await applyDefinitions(cluster, definitions);
  const certificates = join(cluster.directory, 'keda-certificates');
  await writeCertificates(cluster, certificates);
  const [metrics, health, service] = [await freePort(), await freePort(), await freePort()];
  const at = (port: number): string => `127.0.0.1:${String(port)}`;
  return startOperator(
    cluster,
    'keda',
    [
      toolPath('keda-operator'),
      `--cert-dir=${certificates}`,
      `--metrics-bind-address=${at(metrics)}`,
      `--health-probe-bind-address=${at(health)}`,
      `--metrics-service-bind-address=${at(service)}`,
      '--enable-webhook-patching=false',
      '--enable-apiservice-patching=false',
    ],
    { env: { WATCH_NAMESPACE: '', KEDA_CLUSTER_OBJECT_NAMESPACE: 'keda' }, readyUrl: `http://${at(health)}/readyz` },
  );
}
