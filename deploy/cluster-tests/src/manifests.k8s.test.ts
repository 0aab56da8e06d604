import { join } from 'node:path';
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { ensureTools, startCluster, type TestCluster } from '@attune/testing-cluster';
import { exampleRun } from './test-support/blueprint';
import { mayConnect } from '../../../apps/models-api/src/webhooks/webhook-target';
import { environment } from './checks/environment';
import { Network } from './checks/network';
import { images, probes, resources, restricted } from './checks/pods';
import { reach } from './checks/reach';
import { references } from './checks/references';
import { selectors } from './checks/selectors';
import { installCrds } from './test-support/crds';
import { ofKind, workloads, type Manifest } from './test-support/manifest';
import { readers, runnerReader } from './test-support/readers';
import { documentedSecrets, k8s, kustomizationOf, namesOf, render, renderText, version } from './test-support/render';
import { callsOf, platform, surroundings } from './test-support/surroundings';

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

  it('lets every pod reach what it calls', () => {
    expect(reach({ services: platform, secrets: exampleSecrets, calls: callsOf(manifests, run) })(all)).toEqual([]);
  });

  it('has every service that keeps events ask whether NATS writes before it answers', () => {
    const names = workloads(manifests).flatMap(({ pod }) =>
      pod.containers.map(({ env = [] }) => env.map(({ name }) => name)),
    );
    const keepers = names.filter((own) => own.includes('NATS_REPLICAS'));
    expect(keepers).toHaveLength(5);
    for (const own of keepers) expect(own).toContain('NATS_MONITOR_URL');
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

describe('the network policies', () => {
  let manifests: Manifest[];
  let network: Network;
  beforeAll(async () => {
    manifests = await render('gke');
    manifests = [...manifests, exampleRun(manifests)];
    network = new Network(manifests);
  });

  /** One of every range that somebody's own network may be in. */
  const own = ['0.0.0.1', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '192.0.0.1']
    .concat(['192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'])
    .concat([
      '::1',
      '::ffff:10.1.2.3',
      '64:ff9b::a01:203',
      '2001::1',
      '2002:a01:203::',
      'fd00::1',
      'fe80::1',
      'ff02::1',
    ]);
  const everybodys = ['1.1.1.1', '100.128.0.1', '172.32.0.1', '223.255.255.254', '2606:4700::1111', '2a00:1450::1'];

  it.each(own)('let no webhook out to %s, as the API refuses it', (address) => {
    expect(mayConnect(address, { allowPrivate: false })).toBe(false);
    for (const port of [80, 443, 8443]) expect(letsOut('models-api', address, port)).toBe(false);
  });

  it.each(everybodys)('let webhooks out to any port of %s, as the API accepts it', (address) => {
    expect(mayConnect(address, { allowPrivate: false })).toBe(true);
    for (const port of [443, 8443, 65535]) expect(letsOut('models-api', address, port)).toBe(true);
  });

  function letsOut(name: string, address: string, port: number): boolean {
    const from = workloads(manifests).find(({ labels }) => labels['app.kubernetes.io/name'] === name);
    if (from === undefined) throw new Error(`there is no ${name}`);
    return network.letsOut(from, { at: { address }, port });
  }

  it('let only the trainer out to a private network, and that to where a Kubernetes API is', () => {
    const found = workloads(manifests)
      .filter(({ namespace }) => namespace !== 'attune-node')
      .flatMap((from) =>
        own.flatMap((address) =>
          [22, 80, 443, 4222, 5432, 6443]
            .filter((port) => network.letsOut(from, { at: { address }, port }))
            .map((port) => `${from.name} ${String(port)}`),
        ),
      );
    expect([...new Set(found)].sort()).toEqual(['Deployment attune/trainer 443', 'Deployment attune/trainer 6443']);
  });
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
