import type { V1Deployment, V1PodSpec } from '@kubernetes/client-node';
import type { Check, Manifest } from '../test-support/manifest';
import { environment } from './environment';
import { images, probes, resources, restricted } from './pods';
import { references } from './references';
import { selectors } from './selectors';

const labels = { 'app.kubernetes.io/name': 'thing' };
const namespaceCalled = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

/** Everything right about one service; each test spoils one thing. */
function good(): Manifest[] {
  const meta = (kind: string, apiVersion = 'v1'): Manifest => ({
    apiVersion,
    kind,
    metadata: { name: 'thing', namespace: 'attune', labels },
  });
  const probe = (path: string) => ({ httpGet: { path, port: 'http' } });
  const pod: V1PodSpec = {
    serviceAccountName: 'thing',
    priorityClassName: 'important',
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } },
    ],
    volumes: [{ name: 'settings', configMap: { name: 'thing' } }],
    containers: [
      {
        name: 'service',
        image: 'ghcr.io/attune-asr/thing:1.2.3',
        ports: [{ name: 'http', containerPort: 80 }],
        env: [
          { name: 'COLOUR', value: 'red' },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'attune-keys', key: 'token' } } },
        ],
        envFrom: [{ configMapRef: { name: 'thing' } }],
        volumeMounts: [{ name: 'settings', mountPath: '/settings' }],
        resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        startupProbe: probe('/live'),
        livenessProbe: probe('/live'),
        readinessProbe: probe('/ready'),
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
      },
    ],
  };
  const selector = { matchLabels: labels };
  return [
    { ...meta('Deployment', 'apps/v1'), spec: { selector, template: { metadata: { labels }, spec: pod } } },
    { ...meta('Service'), spec: { selector: labels, ports: [{ port: 80, targetPort: 'http', name: 'http' }] } },
    { ...meta('PodDisruptionBudget', 'policy/v1'), spec: { selector, maxUnavailable: 1 } },
    {
      ...meta('HorizontalPodAutoscaler', 'autoscaling/v2'),
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'thing' } },
    },
    { ...meta('ServiceMonitor', 'monitoring.coreos.com/v1'), spec: { selector, endpoints: [{ port: 'http' }] } },
    {
      ...meta('NetworkPolicy', 'networking.k8s.io/v1'),
      spec: {
        podSelector: selector,
        ingress: [{ from: [{ podSelector: selector }, { namespaceSelector: namespaceCalled('monitoring') }] }],
        egress: [{ to: [{ namespaceSelector: namespaceCalled('elsewhere') }] }],
      },
    },
    { ...meta('ServiceAccount') },
    { ...meta('ConfigMap'), data: { SIZE: '3' } } as Manifest,
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'important' } },
  ];
}

const secret: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'attune-keys', namespace: 'attune' },
  ...{ stringData: { token: 'x' } },
};
const checks: Record<string, Check> = {
  restricted,
  resources,
  probes,
  images: images('1.2.3'),
  references: references(new Map([['attune-keys', new Set(['token'])]])),
  selectors: selectors(
    new Map([
      ['elsewhere', []],
      ['monitoring', []],
    ]),
  ),
  environment: environment(
    new Map([
      [
        'Deployment attune/thing service',
        ({ COLOUR, TOKEN, SIZE }) => {
          if (COLOUR === undefined || TOKEN === undefined || SIZE !== '3')
            throw new Error('the environment is not right');
        },
      ],
    ]),
    [secret],
  ),
};

type Container = V1PodSpec['containers'][number];
const spoilPod = (spoil: (pod: V1PodSpec, container: Container) => void) => (all: Manifest[]) => {
  const pod = (all[0] as V1Deployment).spec?.template.spec;
  const container = pod?.containers[0];
  if (pod && container) spoil(pod, container);
};
const spoil = (kind: string, change: Partial<Manifest> & { data?: unknown }) => (all: Manifest[]) => {
  Object.assign(all.find((one) => one.kind === kind) ?? {}, change);
};
const without = (kind: string) => (all: Manifest[]) => {
  all.splice(
    all.findIndex((one) => one.kind === kind),
    1,
  );
};
const context = (change: Container['securityContext']) =>
  spoilPod((_, container) => (container.securityContext = Object.assign({}, container.securityContext, change)));

const planted: [string, keyof typeof checks, (all: Manifest[]) => void][] = [
  ['a container as root', 'restricted', context({ runAsUser: 0 })],
  ['a pod that does not say it is not root', 'restricted', spoilPod((pod) => delete pod.securityContext?.runAsNonRoot)],
  ['escalation', 'restricted', context({ allowPrivilegeEscalation: true })],
  ['a privileged container', 'restricted', context({ privileged: true })],
  ['a writable root', 'restricted', context({ readOnlyRootFilesystem: false })],
  ['a capability', 'restricted', context({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })],
  ['no seccomp profile', 'restricted', spoilPod((pod) => delete pod.securityContext?.seccompProfile)],
  ['AppArmor switched off', 'restricted', context({ appArmorProfile: { type: 'Unconfined' } })],
  ['the network of the node', 'restricted', spoilPod((pod) => (pod.hostNetwork = true))],
  ['a folder of the node', 'restricted', spoilPod((pod) => pod.volumes?.push({ name: 'x', hostPath: { path: '/' } }))],
  [
    'an init container as root',
    'restricted',
    spoilPod((pod) => (pod.initContainers = [{ name: 'x', securityContext: { runAsUser: 0 } }])),
  ],
  ['no memory limit', 'resources', spoilPod((_, container) => delete container.resources?.limits?.['memory'])],
  ['no requested processor', 'resources', spoilPod((_, container) => delete container.resources?.requests?.['cpu'])],
  [
    'a limit of processor time',
    'resources',
    spoilPod((_, container) => Object.assign(container.resources?.limits ?? {}, { cpu: '1' })),
  ],
  ['no readiness', 'probes', spoilPod((_, container) => delete container.readinessProbe)],
  ['no startup', 'probes', spoilPod((_, container) => delete container.startupProbe)],
  [
    'liveness that asks for readiness',
    'probes',
    spoilPod((_, container) => (container.livenessProbe = { httpGet: { path: '/ready', port: 'http' } })),
  ],
  ['a probe of a port that is not there', 'probes', spoilPod((_, container) => (container.ports = []))],
  ['no preStop', 'probes', spoilPod((_, container) => delete container.lifecycle)],
  ['an image without tag', 'images', spoilPod((_, container) => (container.image = 'registry:5000/thing'))],
  ['latest', 'images', spoilPod((_, container) => (container.image = 'thing:latest'))],
  ['a minor version that moves', 'images', spoilPod((_, container) => (container.image = 'postgres:16'))],
  [
    'an image of another release',
    'images',
    spoilPod((_, container) => (container.image = 'ghcr.io/attune-asr/thing:1.2.2')),
  ],
  [
    'an image of another release in the environment',
    'images',
    spoilPod((_, container) => container.env?.push({ name: 'RUNNER_IMAGE', value: 'ghcr.io/attune-asr/runner:1.2.2' })),
  ],
  ['a ConfigMap that nobody makes', 'references', without('ConfigMap')],
  [
    'a Secret that nobody documents',
    'references',
    spoilPod((_, container) => (container.envFrom = [{ secretRef: { name: 'mine' } }])),
  ],
  [
    'a key that the Secret lacks',
    'references',
    spoilPod((_, container) =>
      container.env?.push({ name: 'X', valueFrom: { secretKeyRef: { name: 'attune-keys', key: 'other' } } }),
    ),
  ],
  [
    'a key that the ConfigMap lacks',
    'references',
    spoilPod((_, container) =>
      container.env?.push({ name: 'X', valueFrom: { configMapKeyRef: { name: 'thing', key: 'other' } } }),
    ),
  ],
  ['an account that nobody makes', 'references', without('ServiceAccount')],
  ['a priority class that nobody makes', 'references', without('PriorityClass')],
  ['no priority class', 'references', spoilPod((pod) => delete pod.priorityClassName)],
  ['a mount of no volume', 'references', spoilPod((pod) => (pod.volumes = []))],
  ['a Service for nobody', 'selectors', spoil('Service', { spec: { selector: { app: 'x' } } })],
  [
    'a Service to a port that is not there',
    'selectors',
    spoil('Service', { spec: { selector: labels, ports: [{ port: 80, targetPort: 81 }] } }),
  ],
  [
    'a budget for nobody',
    'selectors',
    spoil('PodDisruptionBudget', { spec: { selector: { matchLabels: { app: 'x' } } } }),
  ],
  ['no budget', 'selectors', without('PodDisruptionBudget')],
  [
    'an autoscaler of nothing',
    'selectors',
    spoil('HorizontalPodAutoscaler', { spec: { scaleTargetRef: { name: 'x' } } }),
  ],
  ['a fixed number beside an autoscaler', 'selectors', (all) => Object.assign(all[0]?.spec ?? {}, { replicas: 2 })],
  ['a monitor of nothing', 'selectors', spoil('ServiceMonitor', { spec: { selector: { matchLabels: { app: 'x' } } } })],
  [
    'a monitor of a port that is not there',
    'selectors',
    spoil('ServiceMonitor', { spec: { selector: { matchLabels: labels }, endpoints: [{ port: 'metrics' }] } }),
  ],
  [
    'a monitor that a policy keeps out',
    'selectors',
    spoil('NetworkPolicy', {
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: labels } }] }] },
    }),
  ],
  [
    'a policy for nobody',
    'selectors',
    spoil('NetworkPolicy', { spec: { podSelector: { matchLabels: { app: 'x' } } } }),
  ],
  [
    'a policy that lets nobody in',
    'selectors',
    spoil('NetworkPolicy', {
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'x' } } }] }] },
    }),
  ],
  [
    'a policy that names a namespace nobody has',
    'selectors',
    spoil('NetworkPolicy', {
      spec: {
        podSelector: {},
        egress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'x' } } }] }],
      },
    }),
  ],
  ['replicas on one node', 'selectors', spoilPod((pod) => delete pod.topologySpreadConstraints)],
  [
    'a spread of something else',
    'selectors',
    spoilPod((pod) =>
      pod.topologySpreadConstraints?.forEach((one) => (one.labelSelector = { matchLabels: { app: 'x' } })),
    ),
  ],
  [
    'a variable that the program does not know',
    'environment',
    spoilPod((_, container) => container.env?.push({ name: 'COLOR', value: 'red' })),
  ],
  ['a required variable that is missing', 'environment', spoilPod((_, container) => container.env?.shift())],
  ['a value that the program refuses', 'environment', spoil('ConfigMap', { data: { SIZE: '4' } })],
  ['an environment that nobody reads', 'environment', spoilPod((_, container) => (container.name = 'other'))],
];

describe('the checks of manifests', () => {
  it.each(Object.keys(checks))('%s: find nothing in what is right', (name) => {
    expect(checks[name]?.(good())).toEqual([]);
  });

  it.each(planted)('notice %s', (_, name, plant) => {
    const manifests = good();
    plant(manifests);
    expect(checks[name]?.(manifests)).not.toEqual([]);
  });

  it.each([
    ['writes elsewhere on its node', '/etc', {}],
    ['is privileged without need', '/var/lib/kubelet/seccomp/attune', { privileged: true }],
  ])('notice an installer of profiles that %s', (_, path, change) => {
    const manifests = good();
    const deployment = manifests[0] as V1Deployment & Manifest;
    const pod = deployment.spec?.template.spec;
    deployment.metadata.namespace = 'attune-node';
    if (pod) pod.volumes = [{ name: 'settings', hostPath: { path } }];
    Object.assign(pod?.containers[0] ?? {}, { name: 'seccomp' });
    expect(restricted([deployment]).length).toBe(path === '/etc' ? 1 : 0);
    context(change)(manifests);
    expect(restricted([deployment])).not.toEqual([]);
  });
});
