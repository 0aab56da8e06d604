import type {
  V1ConfigMap,
  V1Container,
  V1CronJob,
  V1Deployment,
  V1Job,
  V1Pod,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Secret,
} from '@kubernetes/client-node';

/** One object as kustomize renders it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
}

/** A sentence that says which object breaks which promise. */
export type Problem = string;

/** Looks at everything that would be applied together, and answers what is wrong with it. */
export type Check = (manifests: readonly Manifest[]) => Problem[];

/** The pod of an object that makes some. */
export interface Workload {
  /** `Deployment attune/trainer` */
  name: string;
  kind: string;
  namespace: string;
  labels: Record<string, string>;
  pod: V1PodSpec;
}

export function titleOf({ kind, metadata: { namespace, name } }: Manifest): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

export function ofKind(manifests: readonly Manifest[], ...kinds: string[]): Manifest[] {
  return manifests.filter(({ kind }) => kinds.includes(kind));
}

export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests.flatMap((manifest) => {
    const template = templateOf(manifest);
    if (template?.spec === undefined) return [];
    return [
      {
        name: titleOf(manifest),
        kind: manifest.kind,
        namespace: manifest.metadata.namespace ?? 'default',
        labels: template.metadata?.labels ?? {},
        pod: template.spec,
      },
    ];
  });
}

function templateOf(manifest: Manifest): V1PodTemplateSpec | undefined {
  switch (manifest.kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return (manifest as V1Deployment | V1Job).spec?.template;
    case 'CronJob':
      return (manifest as V1CronJob).spec?.jobTemplate.spec?.template;
    case 'Pod':
      return { metadata: (manifest as V1Pod).metadata ?? {}, spec: (manifest as V1Pod).spec ?? { containers: [] } };
    default:
      return undefined;
  }
}

/** Init containers too. */
export function containersOf(pod: V1PodSpec): V1Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The keys and values of a ConfigMap or a Secret, as a container sees them. */
export function entriesOf(manifest: Manifest): Record<string, string> {
  if (manifest.kind === 'ConfigMap') return (manifest as V1ConfigMap).data ?? {};
  const { data = {}, stringData = {} } = manifest as V1Secret;
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]);
  return { ...(Object.fromEntries(decoded) as Record<string, string>), ...stringData };
}
