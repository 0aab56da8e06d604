import type { V1Container, V1PodSpec, V1SecurityContext } from '@kubernetes/client-node';
import {
  containersOf,
  workloads,
  type Check,
  type Manifest,
  type Problem,
  type Workload,
} from '../test-support/manifest';

/**
 * What the Pod Security Standard `restricted` demands, and a read-only root beside it. The namespace attune-node, which puts
 * profiles on nodes, is the one exception: `exceptions` names what each of its containers may do.
 */
export const restricted: Check = (manifests) =>
  workloads(manifests).flatMap((workload) =>
    workload.namespace === 'attune-node' ? nodeProblems(workload) : restrictedProblems(workload),
  );

function restrictedProblems({ name, pod }: Workload): Problem[] {
  return [
    ...(pod.hostNetwork || pod.hostPID || pod.hostIPC ? [`${name} shares a namespace with its node`] : []),
    ...forbiddenVolumes(pod).map((volume) => `${name} mounts ${volume}, which no restricted pod may`),
    ...containersOf(pod).flatMap((container) => {
      const context = effective(pod, container);
      const title = `${name}, container ${container.name}`;
      return [
        ...(context.runAsNonRoot === true && context.runAsUser !== 0 ? [] : [`${title} may run as root`]),
        ...(context.allowPrivilegeEscalation === false ? [] : [`${title} may gain privileges`]),
        ...(context.privileged === true ? [`${title} is privileged`] : []),
        ...(context.readOnlyRootFilesystem === true ? [] : [`${title} may write on its root file system`]),
        ...(context.capabilities?.drop?.includes('ALL') && context.capabilities.add === undefined
          ? []
          : [`${title} has capabilities`]),
        ...(['RuntimeDefault', 'Localhost'].includes(context.seccompProfile?.type ?? '')
          ? []
          : [`${title} has no seccomp profile`]),
        ...(context.appArmorProfile?.type === 'Unconfined' ? [`${title} is unconfined by AppArmor`] : []),
      ];
    }),
  ];
}

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

function forbiddenVolumes(pod: V1PodSpec): string[] {
  return (pod.volumes ?? []).flatMap((volume) =>
    Object.keys(volume).filter((key) => key !== 'name' && !VOLUMES.includes(key)),
  );
}

/** Which folders of the node a container may write or see, and whether it needs all rights for what it does there. */
const exceptions: Record<string, { paths: string[]; privileged: boolean }> = {
  seccomp: { paths: ['/var/lib/kubelet/seccomp/attune'], privileged: false },
  apparmor: { paths: ['/'], privileged: true },
};

function nodeProblems({ name, pod }: Workload): Problem[] {
  return containersOf(pod).flatMap((container) => {
    const exception = exceptions[container.name];
    const title = `${name}, container ${container.name}`;
    if (exception === undefined) return [`${title} has no business on a node`];
    const context = effective(pod, container);
    const paths = hostPathsOf(pod, container);
    return [
      ...paths.filter((path) => !exception.paths.includes(path)).map((path) => `${title} reaches ${path} of the node`),
      ...(context.privileged === true && !exception.privileged ? [`${title} is privileged`] : []),
      ...(context.privileged !== true && !context.capabilities?.drop?.includes('ALL')
        ? [`${title} has capabilities`]
        : []),
      ...(context.readOnlyRootFilesystem === true ? [] : [`${title} may write on its root file system`]),
    ];
  });
}

function hostPathsOf(pod: V1PodSpec, container: V1Container): string[] {
  const paths = new Map((pod.volumes ?? []).map((volume) => [volume.name, volume.hostPath?.path]));
  return (container.volumeMounts ?? []).flatMap(({ name }) => paths.get(name) ?? []);
}

function effective(pod: V1PodSpec, container: V1Container): V1SecurityContext {
  return Object.assign({}, pod.securityContext, container.securityContext);
}

/** Processor and memory are requested, memory is bounded and processor time is not: a limit there only slows down. */
export const resources: Check = (manifests) =>
  eachContainer(manifests, ({ resources: { requests = {}, limits = {} } = {} }) => [
    ...(['cpu', 'memory'] as const).filter((name) => requests[name] === undefined).map((name) => `requests no ${name}`),
    ...(limits['memory'] === undefined ? ['has no memory limit'] : []),
    ...(limits['cpu'] === undefined ? [] : ['has a limit of processor time']),
  ]);

/** A Deployment's containers have all three probes, and what restarts one asks less than what takes it out of service. */
export const probes: Check = (manifests) =>
  eachContainer(
    manifests.filter(({ kind }) => kind === 'Deployment'),
    ({ startupProbe, livenessProbe, readinessProbe, lifecycle, ports = [] }) => {
      const all = { startup: startupProbe, liveness: livenessProbe, readiness: readinessProbe };
      const named = new Set(ports.map(({ name }) => name));
      return [
        ...Object.entries(all).flatMap(([name, probe]) => {
          if (probe?.httpGet === undefined) return [`has no ${name} probe`];
          return named.has(String(probe.httpGet.port)) ? [] : [`asks for its ${name} at a port it does not have`];
        }),
        ...(livenessProbe?.httpGet?.path === readinessProbe?.httpGet?.path
          ? ['is restarted whenever it is not ready']
          : []),
        ...(lifecycle?.preStop === undefined ? ['ends before proxies know of it'] : []),
      ];
    },
  );

/** Our images carry `version`, all others an exact one: never `latest`, a branch, or a minor version that moves. */
export function images(version: string): Check {
  return (manifests) => [
    ...eachContainer(manifests, ({ image = '' }) => imageProblems(image, version)),
    ...eachContainer(manifests, ({ env = [] }) =>
      env.flatMap(({ name, value = '' }) => (name.endsWith('_IMAGE') ? imageProblems(value, version) : [])),
    ),
  ];
}

function imageProblems(image: string, version: string): Problem[] {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return [];
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag === undefined || !/^v?\d+\.\d+\.\d+/.test(tag)) return [`runs ${image}, which is no exact version`];
  if (image.startsWith('ghcr.io/attune-asr/') && tag !== version) return [`runs ${image}, and this is ${version}`];
  return [];
}

function eachContainer(manifests: readonly Manifest[], problems: (container: V1Container) => string[]): Problem[] {
  return workloads(manifests).flatMap(({ name, pod }) =>
    containersOf(pod).flatMap((container) =>
      problems(container).map((problem) => `${name}, container ${container.name} ${problem}`),
    ),
  );
}
