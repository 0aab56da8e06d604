import type { V1NetworkPolicySpec } from '@kubernetes/client-node';
import type { Manifest } from '../test-support/manifest';
import { Network, type Target } from './network';

const client = { namespace: 'here', labels: { name: 'client' } };
const server = { namespace: 'there', labels: { name: 'server' } };
const there = { matchLabels: { 'kubernetes.io/metadata.name': 'there' } };

/** Policies as YAML has them: an ingress rule's `from`, not the client's `_from`. */
type Rules = Omit<V1NetworkPolicySpec, 'ingress' | 'podSelector'> & { ingress?: object[]; podSelector?: object };

const policy = (namespace: string, spec: Rules): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'policy', namespace },
  spec: { podSelector: {}, ...spec },
});
const nothingOut = policy('here', { policyTypes: ['Egress'] });
const out = (...egress: NonNullable<V1NetworkPolicySpec['egress']>): Network =>
  new Network([nothingOut, policy('here', { policyTypes: ['Egress'], egress })]);
const pod: Target = { at: server, port: 80, portNames: ['http'] };
const outside = (address: string | null, port = 443): Target => ({ at: { address }, port });

describe('network policies', () => {
  it('leave a pod alone that none of them selects', () => {
    const others = policy('here', {
      podSelector: { matchLabels: { name: 'other' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    const network = new Network([others, policy('elsewhere', { policyTypes: ['Ingress', 'Egress'] })]);
    expect([network.letsOut(client, pod), network.letsIn(pod, client)]).toEqual([true, true]);
  });

  it('shut in what they select, in the direction that they are about', () => {
    expect(new Network([nothingOut]).letsOut(client, pod)).toBe(false);
    expect(new Network([policy('here', { ingress: [] })]).letsOut(client, pod)).toBe(true);
    expect(new Network([policy('there', { ingress: [] })]).letsIn(pod, client)).toBe(false);
    expect(new Network([policy('there', { policyTypes: ['Egress'] })]).letsIn(pod, client)).toBe(true);
  });

  it.each<[string, boolean, NonNullable<V1NetworkPolicySpec['egress']>[number]]>([
    ['anybody', true, {}],
    ['the namespace', true, { to: [{ namespaceSelector: there }] }],
    ['the pods of its own namespace', false, { to: [{ podSelector: {} }] }],
    [
      'other pods of the namespace',
      false,
      { to: [{ namespaceSelector: there, podSelector: { matchLabels: client.labels } }] },
    ],
    ['the port', true, { ports: [{ port: 80 }] }],
    ['the port by its name', true, { ports: [{ port: 'http' }] }],
    ['another name', false, { ports: [{ port: 'metrics' }] }],
    ['a range with the port', true, { ports: [{ port: 1, endPort: 80 }] }],
    ['a range without it', false, { ports: [{ port: 1, endPort: 79 }] }],
    ['its protocol', true, { ports: [{ protocol: 'TCP' }] }],
    ['another protocol', false, { ports: [{ port: 80, protocol: 'UDP' }] }],
    ['addresses, and pods are no addresses', false, { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }],
  ])('with a rule for %s: %s', (_, expected, rule) => {
    expect(out(rule).letsOut(client, pod)).toBe(expected);
  });

  it.each([
    [true, '8.8.8.8'],
    [true, null],
    [false, '10.1.2.3'],
    [false, '2001:db8::1'],
  ])('let out to addresses but for the exceptions: %s for %s', (expected, address) => {
    const network = out({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 443 }] });
    expect(network.letsOut(client, outside(address))).toBe(expected);
    expect(network.letsOut(client, outside(address, 80))).toBe(false);
  });

  it('let in by the namespace and labels of who calls', () => {
    const from = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'here' } } };
    const network = new Network([policy('there', { ingress: [{ from: [from], ports: [{ port: 80 }] }] })]);
    expect(network.letsIn(pod, client)).toBe(true);
    expect(network.letsIn({ ...pod, port: 81 }, client)).toBe(false);
    expect(network.letsIn(pod, { namespace: 'elsewhere', labels: client.labels })).toBe(false);
  });
});
