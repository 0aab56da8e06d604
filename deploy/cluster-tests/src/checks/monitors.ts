import type { V1LabelSelector, V1Service } from '@kubernetes/client-node';
import { ofKind, titleOf, type Manifest, type Problem, type Workload } from '../test-support/manifest';
import { matches, type Surroundings } from './matching';
import { Network } from './network';

interface Monitor {
  spec: {
    namespaceSelector?: { matchNames?: string[] };
    selector: V1LabelSelector;
    endpoints?: { port?: string }[];
    podMetricsEndpoints?: { port?: string }[];
  };
}

/** Where Prometheus runs, as the guide to the installation says. */
const PROMETHEUS = 'monitoring';

/** What a monitor selects: named ports, and where it is known the pod that has them. */
interface Target {
  namespace: string;
  ports: Readonly<Record<string, number>>;
  pod: Readonly<Record<string, string>> | null;
}

/** Every monitor finds something, asks at ports that it has, asks all of it, and no policy keeps Prometheus from it. */
export function monitors(
  manifests: readonly Manifest[],
  all: readonly Workload[],
  surroundings: Surroundings,
): Problem[] {
  const network = new Network(manifests);
  return ofKind(manifests, 'ServiceMonitor', 'PodMonitor').flatMap((manifest) => {
    const { endpoints = [], podMetricsEndpoints = [] } = (manifest as unknown as Monitor).spec;
    const asked = [...endpoints, ...podMetricsEndpoints].map(({ port = '' }) => port);
    const targets = targetsOf(manifest, manifests, all, surroundings);
    if (targets.length === 0) return [`${titleOf(manifest)} selects nothing`];
    const title = titleOf(manifest);
    return [
      ...asked
        .filter((port) => !targets.some(({ ports }) => port in ports))
        .map((port) => `${title} asks at the port ${port}, which nothing that it selects has`),
      ...targets
        .filter(({ ports }) => !asked.some((port) => port in ports))
        .map(({ ports }) => `${title} selects what it does not ask: it has the ports ${Object.keys(ports).join(', ')}`),
      ...targets.flatMap((target) =>
        asked
          .filter((port) => port in target.ports && !isLetIn(target, port, network))
          .map((port) => `${title} asks at the port ${port}, to which policies let no ${PROMETHEUS}`),
      ),
    ];
  });
}

function targetsOf(
  manifest: Manifest,
  manifests: readonly Manifest[],
  all: readonly Workload[],
  surroundings: Surroundings,
): Target[] {
  const { namespaceSelector, selector } = (manifest as unknown as Monitor).spec;
  return (namespaceSelector?.matchNames ?? [manifest.metadata.namespace ?? 'default']).flatMap((namespace) => {
    const isPods = manifest.kind === 'PodMonitor';
    const others = (surroundings.get(namespace) ?? [])
      .filter(({ kind, labels }) => (kind !== 'Service') === isPods && matches(selector, labels))
      .map(({ ports = {}, labels }) => ({ namespace, ports, pod: isPods ? labels : null }));
    const own = isPods
      ? all
          .filter((workload) => workload.namespace === namespace && matches(selector, workload.labels))
          .map(({ labels, pod }) => ({ namespace, ports: portsOf(pod), pod: labels }))
      : ofKind(manifests, 'Service')
          .filter(({ metadata }) => metadata.namespace === namespace && matches(selector, metadata.labels ?? {}))
          .map((service) => ofService(service, namespace, all));
    return [...others, ...own];
  });
}

function portsOf(pod: Workload['pod']): Record<string, number> {
  const ports = pod.containers.flatMap((container) => container.ports ?? []);
  return Object.fromEntries(ports.map(({ name = '', containerPort }) => [name, containerPort]));
}

/** A Service's ports, each by the number that its pods have for it. */
function ofService(service: Manifest, namespace: string, all: readonly Workload[]): Target {
  const { selector = {}, ports = [] } = (service as V1Service).spec ?? {};
  const pod = all.find((one) => one.namespace === namespace && matches({ matchLabels: selector }, one.labels));
  const known = pod ? portsOf(pod.pod) : {};
  const numberOf = (target: string | number): number => (typeof target === 'number' ? target : (known[target] ?? 0));
  return {
    namespace,
    ports: Object.fromEntries(ports.map(({ name = '', port, targetPort }) => [name, numberOf(targetPort ?? port)])),
    pod: pod?.labels ?? null,
  };
}

/** Whether the policies let Prometheus in. */
function isLetIn({ namespace, pod, ports }: Target, port: string, network: Network): boolean {
  if (pod === null) return true;
  const target = { at: { namespace, labels: pod }, port: ports[port] ?? 0, portNames: [port] };
  return network.letsIn(target, { namespace: PROMETHEUS, labels: {} });
}
