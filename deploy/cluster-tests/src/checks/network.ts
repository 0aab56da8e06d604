import { BlockList, isIP } from 'node:net';
import type {
  V1IPBlock,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NetworkPolicySpec,
} from '@kubernetes/client-node';
import { ofKind, type Manifest } from '../test-support/manifest';
import { fromOf, matches } from './matching';

/** Where a policy finds a pod. */
export interface Place {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

/** What is called: a pod, or an address outside the cluster; null where it has a name, of which nobody here knows the address. */
export interface Target {
  at: Place | { address: string | null };
  port: number;
  /** What pods call their port. */
  portNames?: readonly string[];
  protocol?: 'TCP' | 'UDP';
}

/** NetworkPolicies as a plugin reads them: a pod that some select may do what any of these allow, every other pod all. */
export class Network {
  constructor(private readonly manifests: readonly Manifest[]) {}

  /** Whether the pod's own policies let it out to the target. */
  letsOut(pod: Place, target: Target): boolean {
    return this.rulesOf(pod, 'Egress').every((rules) =>
      rules.some(({ peers, ports }) => takesPort(ports, target) && takesPeer(peers, target.at, pod.namespace)),
    );
  }

  /** Whether the target's policies, where it is a pod, let this one in. */
  letsIn(target: Target, pod: Place): boolean {
    const { at } = target;
    if ('address' in at) return true;
    return this.rulesOf(at, 'Ingress').every((rules) =>
      rules.some(({ peers, ports }) => takesPort(ports, target) && takesPeer(peers, pod, at.namespace)),
    );
  }

  /** All rules of one direction for a pod, in one list; no list where no policy selects it. */
  private rulesOf(pod: Place, direction: 'Ingress' | 'Egress'): Rule[][] {
    const specs = ofKind(this.manifests, 'NetworkPolicy')
      .filter(({ metadata }) => metadata.namespace === pod.namespace)
      .flatMap((manifest) => (manifest as V1NetworkPolicy).spec ?? [])
      .filter((spec) => matches(spec.podSelector, pod.labels) && typesOf(spec).includes(direction));
    return specs.length === 0 ? [] : [specs.flatMap((spec) => rulesIn(spec, direction))];
  }
}

interface Rule {
  peers: readonly V1NetworkPolicyPeer[];
  ports: readonly V1NetworkPolicyPort[];
}

function typesOf({ policyTypes, egress }: V1NetworkPolicySpec): string[] {
  return policyTypes ?? ['Ingress', ...(egress === undefined ? [] : ['Egress'])];
}

function rulesIn({ ingress = [], egress = [] }: V1NetworkPolicySpec, direction: 'Ingress' | 'Egress'): Rule[] {
  return direction === 'Ingress'
    ? ingress.map((rule) => ({ peers: fromOf(rule), ports: rule.ports ?? [] }))
    : egress.map((rule) => ({ peers: rule.to ?? [], ports: rule.ports ?? [] }));
}

function takesPort(ports: readonly V1NetworkPolicyPort[], { port, portNames = [], protocol = 'TCP' }: Target): boolean {
  if (ports.length === 0) return true;
  return ports.some((one) => {
    if ((one.protocol ?? 'TCP') !== protocol) return false;
    if (one.port === undefined) return true;
    if (typeof one.port === 'string') return portNames.includes(one.port);
    return one.port <= port && port <= (one.endPort ?? one.port);
  });
}

function takesPeer(peers: readonly V1NetworkPolicyPeer[], other: Target['at'], home: string): boolean {
  if (peers.length === 0) return true;
  return peers.some(({ ipBlock, namespaceSelector, podSelector }) => {
    if ('address' in other) return ipBlock !== undefined && contains(ipBlock, other.address);
    if (ipBlock !== undefined) return false;
    const isThere = namespaceSelector
      ? matches(namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
      : other.namespace === home;
    return isThere && matches(podSelector, other.labels);
  });
}

function contains({ cidr, except = [] }: V1IPBlock, address: string | null): boolean {
  return address === null || (isWithin(address, cidr) && !except.some((range) => isWithin(address, range)));
}

function isWithin(address: string, range: string): boolean {
  const [start = '', bits = ''] = range.split('/');
  if (isIP(start) !== isIP(address)) return false;
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(start, Number(bits), family);
  return list.check(address, family);
}
