import type { Neighbour, Surroundings } from '../checks/matching';
import type { ForeignService } from '../checks/reach';
import { entriesOf, ofKind, titleOf, type Manifest } from './manifest';

// What the charts of k8s/platform give their pods. Read from the charts' templates: a new version of a chart may have others.
const nats = { 'app.kubernetes.io/name': 'nats' };
const postgres = { 'cnpg.io/cluster': 'postgres' };
const store = { 'app.kubernetes.io/name': 'seaweedfs', 'app.kubernetes.io/component': 's3' };

/** The Services of k8s/platform that ours call, and the pods behind them. */
export const platform = new Map<string, ForeignService>([
  // 8222 by our values: platform.test.ts.
  ['nats.attune-platform', { labels: nats, ports: [4222, 8222] }],
  ['postgres-rw.attune-platform', { labels: postgres, ports: [5432] }],
  ['seaweedfs-s3.attune-platform', { labels: store, ports: [8333] }],
]);

/** What others run, as far as our policies and monitors name it. */
export const surroundings: Surroundings = new Map<string, Neighbour[]>([
  ['kube-system', [{ labels: { 'k8s-app': 'kube-dns' } }]],
  [
    'attune-platform',
    [
      { labels: nats, ports: { nats: 4222, monitor: 8222, 'prom-metrics': 7777 } },
      { labels: postgres, ports: { postgresql: 5432, metrics: 9187, status: 8000 } },
      { labels: store },
    ],
  ],
  ['attune-training', [{ labels: { 'app.kubernetes.io/name': 'run' } }]],
  ['gpu-operator', [{ kind: 'Service', labels: { app: 'nvidia-dcgm-exporter' }, ports: { 'gpu-metrics': 9400 } }]],
  ['keda', []],
  ['monitoring', []],
  ['cnpg-system', []],
]);

/** What no variable says: runs use the store by signed URLs; the Kubernetes API, customers' webhooks and the package index. */
export function callsOf(manifests: readonly Manifest[], run: Manifest): Map<string, string[]> {
  return new Map([
    [titleOf(run), [storeOf(manifests)]],
    ['Deployment attune/trainer', ['https://control-plane.example', 'https://control-plane.example:6443']],
    ['Deployment attune/models-api', ['https://receiver.example', 'https://receiver.example:8443']],
    ['CronJob attune/default-base', ['https://packages.example']],
  ]);
}

function storeOf(manifests: readonly Manifest[]): string {
  const endpoints = ofKind(manifests, 'ConfigMap').flatMap((map) => entriesOf(map)['S3_ENDPOINT'] ?? []);
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new Error('no service is told where the store is');
  return endpoint;
}
