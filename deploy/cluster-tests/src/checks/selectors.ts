import type {
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1PodDisruptionBudget,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import {
  ofKind,
  titleOf,
  workloads,
  type Check,
  type Manifest,
  type Problem,
  type Workload,
} from '../test-support/manifest';
import { fromOf, matches, type Surroundings } from './matching';
import { monitors } from './monitors';

/** Every Service, budget, autoscaler, monitor, policy and spread finds the pods, ports and objects that it is about. */
export function selectors(surroundings: Surroundings): Check {
  return (manifests) => {
    const all = workloads(manifests);
    return [
      ...services(manifests, all),
      ...budgets(manifests, all),
      ...autoscalers(manifests),
      ...monitors(manifests, all, surroundings),
      ...policies(manifests, all, surroundings),
      ...spreads(all),
    ];
  };
}

function selected(
  all: readonly Workload[],
  namespace: string | undefined,
  selector: V1LabelSelector | undefined,
): Workload[] {
  return all.filter((workload) => workload.namespace === namespace && matches(selector, workload.labels));
}

function services(manifests: readonly Manifest[], all: readonly Workload[]): Problem[] {
  return ofKind(manifests, 'Service').flatMap((manifest) => {
    const { selector = {}, ports = [] } = (manifest as V1Service).spec ?? {};
    const pods = selected(all, manifest.metadata.namespace, { matchLabels: selector });
    if (pods.length === 0) return [`${titleOf(manifest)} selects no pod`];
    const named = pods.flatMap(({ pod }) => pod.containers.flatMap((container) => container.ports ?? []));
    return ports
      .filter(
        ({ targetPort, port }) =>
          !named.some(({ name, containerPort }) => [name, containerPort].includes(targetPort ?? port)),
      )
      .map(
        ({ targetPort, port }) =>
          `${titleOf(manifest)} leads to port ${String(targetPort ?? port)}, which its pods lack`,
      );
  });
}

function budgets(manifests: readonly Manifest[], all: readonly Workload[]): Problem[] {
  const found = ofKind(manifests, 'PodDisruptionBudget');
  const unprotected = all.filter(
    ({ kind, namespace, labels }) =>
      kind === 'Deployment' &&
      !found.some(
        (budget) =>
          budget.metadata.namespace === namespace && matches((budget as V1PodDisruptionBudget).spec?.selector, labels),
      ),
  );
  return [
    ...found
      .filter(
        (budget) =>
          selected(all, budget.metadata.namespace, (budget as V1PodDisruptionBudget).spec?.selector).length === 0,
      )
      .map((budget) => `${titleOf(budget)} selects no pod`),
    ...unprotected.map(({ name }) => `${name} has no budget`),
  ];
}

interface ScaledObject {
  spec: { scaleTargetRef: { kind?: string; name: string } };
}

/** Their targets exist, and have no fixed number of replicas that each apply would set again. */
function autoscalers(manifests: readonly Manifest[]): Problem[] {
  return ofKind(manifests, 'HorizontalPodAutoscaler', 'ScaledObject').flatMap((manifest) => {
    const { kind = 'Deployment', name } = (manifest as unknown as ScaledObject | Required<V2HorizontalPodAutoscaler>)
      .spec.scaleTargetRef;
    const target = ofKind(manifests, kind).find(
      ({ metadata }) => metadata.name === name && metadata.namespace === manifest.metadata.namespace,
    );
    if (target === undefined) return [`${titleOf(manifest)} scales ${kind} ${name}, which nobody makes`];
    const { replicas } = target.spec as { replicas?: number };
    return replicas === undefined
      ? []
      : [`${titleOf(target)} has a fixed number of replicas beside ${titleOf(manifest)}`];
  });
}

function policies(manifests: readonly Manifest[], all: readonly Workload[], surroundings: Surroundings): Problem[] {
  const own = new Map<string, Readonly<Record<string, string>>[]>();
  for (const { namespace, labels } of all) own.set(namespace, [...(own.get(namespace) ?? []), labels]);
  const pods = (namespace: string): readonly Readonly<Record<string, string>>[] => [
    ...(own.get(namespace) ?? []),
    ...(surroundings.get(namespace) ?? []).filter(({ kind }) => kind !== 'Service').map(({ labels }) => labels),
  ];
  const namespaces = [...new Set([...own.keys(), ...surroundings.keys()])];
  const findsPeer = ({ namespaceSelector, podSelector, ipBlock }: V1NetworkPolicyPeer, home: string): boolean => {
    if (ipBlock !== undefined) return true;
    const where = namespaceSelector
      ? namespaces.filter((name) => matches(namespaceSelector, { 'kubernetes.io/metadata.name': name }))
      : [home];
    return where.some((name) => podSelector === undefined || pods(name).some((labels) => matches(podSelector, labels)));
  };
  return ofKind(manifests, 'NetworkPolicy').flatMap((manifest) => {
    const { podSelector, ingress = [], egress = [] } = (manifest as V1NetworkPolicy).spec ?? {};
    const home = manifest.metadata.namespace ?? 'default';
    const peers = [...ingress.flatMap(fromOf), ...egress.flatMap((rule) => rule.to ?? [])];
    return [
      ...(pods(home).some((labels) => matches(podSelector, labels)) ? [] : [`${titleOf(manifest)} selects no pod`]),
      ...peers
        .filter((peer) => !findsPeer(peer, home))
        .map((peer) => `${titleOf(manifest)} names ${JSON.stringify(peer)}, which is nobody`),
    ];
  });
}

function spreads(all: readonly Workload[]): Problem[] {
  return all.flatMap(({ name, kind, labels, pod }) => {
    const constraints = pod.topologySpreadConstraints ?? [];
    if (kind === 'Deployment' && constraints.length === 0) return [`${name} may have all replicas on one node`];
    return constraints
      .filter(({ labelSelector }) => !matches(labelSelector, labels))
      .map(({ topologyKey }) => `${name} spreads by ${topologyKey} what it is not itself`);
  });
}
