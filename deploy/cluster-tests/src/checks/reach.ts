import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { V1Service } from '@kubernetes/client-node';
import {
  containersOf,
  ofKind,
  workloads,
  type Check,
  type Manifest,
  type Problem,
  type Workload,
} from '../test-support/manifest';
import { variablesOf } from './environment';
import { matches } from './matching';
import { Network, type Place, type Target } from './network';

/** The pods behind it have its ports. */
export interface ForeignService {
  labels: Readonly<Record<string, string>>;
  ports: readonly number[];
}

export interface Reach {
  /** Services that others make, by `name.namespace`. */
  services: ReadonlyMap<string, ForeignService>;
  /** Secrets that whoever installs the platform makes. */
  secrets: readonly Manifest[];
  /** By the name of a workload, what it calls though none of its variables says so. */
  calls: ReadonlyMap<string, readonly string[]>;
}

const DNS: Place = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'postgres:': 5432, 'nats:': 4222 };

/** Every pod reaches what its variables name by a URL, and finds it by its name: its policies let it out, the other's let it in. */
export function reach(known: Reach): Check {
  return (manifests) => {
    const network = new Network(manifests);
    return workloads(manifests).flatMap((workload) => {
      const urls = [...urlsOf(workload, [...manifests, ...known.secrets]), ...(known.calls.get(workload.name) ?? [])];
      return [...new Set(urls)]
        .map((text) => new URL(text))
        .flatMap((url) => {
          const targets = targetsOf(url, workload.namespace, manifests, known);
          const problems =
            targets.length === 0
              ? ['which is no Service']
              : targets.flatMap((target) => problemsOf(network, workload, target));
          return [...problems, ...nameProblems(network, workload, url)].map(
            (problem) => `${workload.name} calls ${url.host}, ${problem}`,
          );
        });
    });
  };
}

function problemsOf(network: Network, from: Workload, target: Target): Problem[] {
  // What a service tells others of itself.
  if (!('address' in target.at) && isDeepStrictEqual(target.at.labels, from.labels)) return [];
  return [
    ...(network.letsOut(from, target) ? [] : ['and no policy lets it out']),
    ...(network.letsIn(target, from) ? [] : ['and no policy lets it in there']),
  ];
}

function nameProblems(network: Network, from: Workload, { hostname }: URL): Problem[] {
  const asks = (protocol: 'TCP' | 'UDP'): boolean => network.letsOut(from, { at: DNS, port: 53, protocol });
  return isIP(hostname) > 0 || (asks('UDP') && asks('TCP')) ? [] : ['and may ask no name server'];
}

function urlsOf({ namespace, pod }: Workload, manifests: readonly Manifest[]): string[] {
  const visible = manifests.filter(({ metadata }) => metadata.namespace === namespace);
  return containersOf(pod)
    .flatMap((container) => Object.values(variablesOf(container, visible)))
    .flatMap((value) => value.split(','))
    .filter((value) => /^[a-z]+:\/\//.test(value));
}

/** None where a name of the cluster is nobody's. */
function targetsOf(url: URL, home: string, manifests: readonly Manifest[], { services }: Reach): Target[] {
  const port = url.port === '' ? (PORTS[url.protocol] ?? 0) : Number(url.port);
  const inside = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(url.hostname);
  if (inside === null) return [{ at: { address: isIP(url.hostname) > 0 ? url.hostname : null }, port }];
  const [, name = '', namespace = home] = inside;
  const foreign = services.get(`${name}.${namespace}`);
  if (foreign !== undefined)
    return foreign.ports.includes(port) ? [{ at: { namespace, labels: foreign.labels }, port }] : [];
  const own = ofKind(manifests, 'Service').find(
    ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
  );
  return own === undefined ? [] : podsBehind(own, port, manifests);
}

function podsBehind(service: Manifest, port: number, manifests: readonly Manifest[]): Target[] {
  const { selector = {}, ports = [] } = (service as V1Service).spec ?? {};
  const wanted = ports.find((one) => one.port === port);
  if (wanted === undefined) return [];
  return workloads(manifests)
    .filter(
      ({ namespace, labels }) => namespace === service.metadata.namespace && matches({ matchLabels: selector }, labels),
    )
    .flatMap((workload) =>
      workload.pod.containers
        .flatMap((container) => container.ports ?? [])
        .filter(({ name, containerPort }) => [name, containerPort].includes(wanted.targetPort ?? port))
        .map(({ name, containerPort }) => ({
          at: workload,
          port: containerPort,
          portNames: name === undefined ? [] : [name],
        })),
    );
}
