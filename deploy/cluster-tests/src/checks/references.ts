import type { V1ConfigMapKeySelector, V1Container, V1PodSpec } from '@kubernetes/client-node';
import {
  containersOf,
  entriesOf,
  ofKind,
  workloads,
  type Check,
  type Manifest,
  type Problem,
} from '../test-support/manifest';

/** Secrets that whoever installs the platform makes: name -> keys. */
export type DocumentedSecrets = ReadonlyMap<string, ReadonlySet<string>>;

/** Every ConfigMap, Secret, key, account, priority class and volume that a pod names is there, or is a documented Secret. */
export function references(documented: DocumentedSecrets): Check {
  return (manifests) =>
    workloads(manifests).flatMap((workload) => new References(manifests, documented, workload).problems());
}

class References {
  constructor(
    private readonly manifests: readonly Manifest[],
    private readonly documented: DocumentedSecrets,
    private readonly workload: { name: string; namespace: string; pod: V1PodSpec },
  ) {}

  problems(): Problem[] {
    const { name, pod } = this.workload;
    return [...this.accountProblems(), ...this.priorityProblems(), ...this.volumeProblems()]
      .concat(containersOf(pod).flatMap((container) => this.containerProblems(container)))
      .map((problem) => `${name} ${problem}`);
  }

  private accountProblems(): string[] {
    const account = this.workload.pod.serviceAccountName;
    if (account === undefined || this.find('ServiceAccount', account) !== undefined) return [];
    return [`runs as ${account}, an account that nobody makes`];
  }

  private priorityProblems(): string[] {
    const { priorityClassName: priority } = this.workload.pod;
    if (priority === undefined) return ['has no priority class'];
    if (ofKind(this.manifests, 'PriorityClass').some(({ metadata }) => metadata.name === priority)) return [];
    return [`has the priority class ${priority}, which nobody makes`];
  }

  private volumeProblems(): string[] {
    return (this.workload.pod.volumes ?? []).flatMap(({ configMap, secret }) => [
      ...(configMap?.name === undefined ? [] : this.missing('ConfigMap', configMap.name)),
      ...(secret?.secretName === undefined ? [] : this.missing('Secret', secret.secretName)),
    ]);
  }

  private containerProblems({ name, env = [], envFrom = [], volumeMounts = [] }: V1Container): string[] {
    const volumes = new Set((this.workload.pod.volumes ?? []).map((volume) => volume.name));
    return [
      ...volumeMounts
        .filter((mount) => !volumes.has(mount.name))
        .map((mount) => `mounts ${mount.name}, which is no volume`),
      ...envFrom.flatMap(({ configMapRef, secretRef }) => [
        ...(configMapRef?.name === undefined ? [] : this.missing('ConfigMap', configMapRef.name)),
        ...(secretRef?.name === undefined ? [] : this.missing('Secret', secretRef.name)),
      ]),
      ...env.flatMap(({ valueFrom: { configMapKeyRef, secretKeyRef } = {} }) => [
        ...this.missingKey('ConfigMap', configMapKeyRef),
        ...this.missingKey('Secret', secretKeyRef),
      ]),
    ].map((problem) => `(${name}) ${problem}`);
  }

  private missingKey(
    kind: 'ConfigMap' | 'Secret',
    { name, key, optional = false }: Partial<V1ConfigMapKeySelector> = {},
  ): string[] {
    return name === undefined || optional ? [] : this.missing(kind, name, key);
  }

  private missing(kind: 'ConfigMap' | 'Secret', name: string, key?: string): string[] {
    const found = this.find(kind, name);
    const keys = found
      ? new Set(Object.keys(entriesOf(found)))
      : kind === 'Secret'
        ? this.documented.get(name)
        : undefined;
    if (keys === undefined) return [`needs the ${kind} ${name}, which nobody makes`];
    return key === undefined || keys.has(key) ? [] : [`needs ${key} of the ${kind} ${name}, which has no such key`];
  }

  private find(kind: string, name: string): Manifest | undefined {
    return ofKind(this.manifests, kind).find(
      ({ metadata }) => metadata.name === name && metadata.namespace === this.workload.namespace,
    );
  }
}
