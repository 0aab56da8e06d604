import { join } from 'node:path';
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { ensureTools, startCluster, type TestCluster } from '@attune/testing-cluster';
import { exampleRun } from './test-support/blueprint';
import { environment } from './checks/environment';
import { images, probes, resources, restricted } from './checks/pods';
import { references } from './checks/references';
import type { Neighbour, Surroundings } from './checks/matching';
import { selectors } from './checks/selectors';
import { installCrds } from './test-support/crds';
import { ofKind, workloads, type Manifest } from './test-support/manifest';
import { readers, runnerReader } from './test-support/readers';
import { documentedSecrets, k8s, kustomizationOf, namesOf, render, renderText, version } from './test-support/render';

/** What the charts of k8s/platform run, as far as our policies and monitors name it: labels and ports are the charts'. */
const surroundings: Surroundings = new Map<string, Neighbour[]>([
  ['kube-system', [{ labels: { 'k8s-app': 'kube-dns' } }]],
  [
    'attune-platform',
    [
      { labels: { 'app.kubernetes.io/name': 'nats' }, ports: { nats: 4222, monitor: 8222, 'prom-metrics': 7777 } },
      { labels: { 'cnpg.io/cluster': 'postgres' }, ports: { postgresql: 5432, metrics: 9187, status: 8000 } },
      { labels: { 'app.kubernetes.io/name': 'seaweedfs', 'app.kubernetes.io/component': 's3' } },
    ],
  ],
  ['attune-training', [{ labels: { 'app.kubernetes.io/name': 'run' } }]],
  ['gpu-operator', [{ kind: 'Service', labels: { app: 'nvidia-dcgm-exporter' }, ports: { 'gpu-metrics': 9400 } }]],
  ['keda', []],
  ['monitoring', []],
  ['cnpg-system', []],
]);

/** Every overlay as it is, and every component that an overlay of a cloud may be given besides. */
const applied: [string, string[]][] = [
  ['dev', []],
  ['test', []],
  ['gke', []],
  ['eks-karpenter', []],
  ['aks', []],
  ['gke', ['kueue']],
  ['gke', ['monitoring']],
  ['eks-karpenter', ['mig']],
];

let cluster: TestCluster;
let exampleSecrets: Manifest[];

beforeAll(async () => {
  await ensureTools();
  cluster = await startCluster();
  // As k8s/README.md says: these first, then the charts with their definitions, then an overlay.
  await cluster.kubectl(['apply', '-k', join(k8s, 'base', 'cluster')]);
  await installCrds(cluster);
  exampleSecrets = ofKind(await render('dev'), 'Secret');
});
afterAll(() => cluster.stop());

it('lists every overlay and every component', async () => {
  expect([...new Set(applied.map(([overlay]) => overlay))].sort()).toEqual((await namesOf('overlays')).sort());
  const used = new Set(applied.flatMap(([, components]) => components));
  for (const overlay of await namesOf('overlays')) {
    const text = await kustomizationOf(overlay);
    for (const [, name = ''] of text.matchAll(/components\/([a-z-]+)/g)) used.add(name);
  }
  expect([...used].sort()).toEqual(await namesOf('components'));
});

describe.each(applied)('the overlay %s with %j', (overlay, components) => {
  let manifests: Manifest[];
  let run: Manifest;
  let all: Manifest[];
  beforeAll(async () => {
    manifests = await render(overlay, components);
    run = exampleRun(manifests);
    all = [...manifests, run, secretOf(run)];
  });

  it('has pods that are restricted, sized, probed and of exact versions', () => {
    for (const check of [restricted, resources, probes, images(version)]) expect(check(all)).toEqual([]);
  });

  it('names nothing that is not there', () => {
    expect(references(documentedSecrets())(all)).toEqual([]);
    expect(selectors(surroundings)(manifests)).toEqual([]);
  });

  it('gives every program the variables that it knows and needs, with values it accepts', () => {
    const known = new Map([...readers, ...runnerReader(run.metadata.name)]);
    expect(environment(known, exampleSecrets)(all)).toEqual([]);
  });

  it('is accepted by the API server, without one warning and with no field that it does not know', async () => {
    const text = await renderText(overlay, components);
    const apply = [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--validate=strict',
      '--warnings-as-errors',
      '-f',
      '-',
    ];
    // A dry run makes no namespace to try the rest in.
    await cluster.kubectl(
      apply,
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ofKind(manifests, 'Namespace') }),
    );
    await cluster.kubectl([...apply, '--dry-run=server'], text);
    await cluster.kubectl(apply, text);
  });

  it('gets the pods that it asks for: no namespace refuses one', async () => {
    for (const { namespace, labels, pod, kind } of workloads(all)) {
      if (kind === 'DaemonSet') continue;
      const body = {
        metadata: { generateName: 'try-', labels },
        spec: Object.assign({}, { restartPolicy: 'Never' }, pod),
      };
      await cluster.client(CoreV1Api).createNamespacedPod({ namespace, body, dryRun: 'All' });
    }
    const { metadata, ...job } = run;
    await cluster
      .client(BatchV1Api)
      .createNamespacedJob({ namespace: 'attune-training', body: { metadata, ...job } as object, dryRun: 'All' });
  });
});

it('has migrations that can be applied alone, as a restore does it', async () => {
  const apply = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-o', 'name'];
  const made = await cluster.kubectl([
    ...apply,
    '-k',
    join(k8s, 'overlays', 'gke'),
    '-l',
    'app.kubernetes.io/name=migrate',
  ]);
  expect(made.trim().split('\n')).toEqual([`job.batch/migrate-${version.replaceAll('.', '-')}`]);
});

describe('the namespaces of the platform', () => {
  const right = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const attempt = (namespace: string, securityContext: object, pod: object = {}) => {
    const body = {
      metadata: { generateName: 'intruder-' },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: 'x', image: 'x:1.0.0', securityContext }],
        ...pod,
      },
    };
    return cluster.client(CoreV1Api).createNamespacedPod({ namespace, body, dryRun: 'All' });
  };
  const violations: [object, object?][] = [
    [{ ...right, allowPrivilegeEscalation: true }],
    [{ allowPrivilegeEscalation: false }],
    [{ capabilities: { drop: ['ALL'] }, privileged: true }],
    [{ ...right, runAsUser: 0 }],
    [right, { securityContext: { runAsNonRoot: true } }],
    [right, { hostNetwork: true }],
    [right, { volumes: [{ name: 'x', hostPath: { path: '/' } }] }],
  ];

  it.each(['attune', 'attune-training', 'attune-platform'])(
    '%s refuses every pod that is not restricted',
    async (namespace) => {
      await expect(attempt(namespace, right)).resolves.toBeDefined();
      for (const [securityContext, pod] of violations) {
        await expect(attempt(namespace, securityContext, pod)).rejects.toThrow(
          /violates PodSecurity .+restricted:latest/,
        );
      }
    },
  );
});

describe('the blueprint', () => {
  const plain = async (overlay: string) => exampleRun(await render(overlay));

  it('of small runs is that of the base, but for what it takes of the machine', async () => {
    const sizeless = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, part: unknown) =>
          ['resources', 'sizeLimit'].includes(key) ? 'some' : part,
        ).replace(/("name":"THREADS","value":)"\d+"/, '$1"some"'),
      );
    expect(sizeless(await plain('dev'))).toEqual(sizeless(await plain('gke')));
  });
});

function secretOf({ metadata: { name, namespace } }: Manifest): Manifest {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'v1', kind: 'Secret', metadata, ...{ stringData: { token: 'example' } } };
}
