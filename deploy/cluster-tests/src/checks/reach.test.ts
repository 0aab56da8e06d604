import type { V1NetworkPolicySpec } from '@kubernetes/client-node';
import type { Manifest } from '../test-support/manifest';
import { reach } from './reach';

const names = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } };
const dns = {
  to: [names],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
};
const toServer = { to: [{ podSelector: { matchLabels: { name: 'server' } } }], ports: [{ port: 8080 }] };
const toStore = { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { name: 'store' } } }] };
const toWorld = { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 443 }] };

const object = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'here' },
  spec,
});
const deployment = (name: string, env: Record<string, string>): Manifest =>
  object('Deployment', name, {
    template: {
      metadata: { labels: { name } },
      spec: {
        containers: [
          {
            name,
            ports: [{ name: 'http', containerPort: 8080 }],
            env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
          },
        ],
      },
    },
  });
const policy = (name: string, spec: Partial<V1NetworkPolicySpec>): Manifest =>
  object('NetworkPolicy', name, { podSelector: { matchLabels: { name } }, ...spec });

/** A client with this variable, which may call a server, a store of others, a network outside and name servers. */
const problems = (
  value: string,
  { egress = [dns, toServer, toStore, toWorld], server = [{ ports: [{ port: 'http' }] }], calls = [] as string[] } = {},
): string[] =>
  reach({
    services: new Map([['store.elsewhere', { labels: { name: 'store' }, ports: [9000] }]]),
    secrets: [],
    calls: new Map([['Deployment here/client', calls]]),
  })([
    deployment('client', { URL: value }),
    deployment('server', {}),
    object('Service', 'server', { selector: { name: 'server' }, ports: [{ port: 80, targetPort: 'http' }] }),
    policy('client', { policyTypes: ['Ingress', 'Egress'], egress: egress }),
    policy('server', { policyTypes: ['Ingress'], ingress: server }),
  ]);

describe('what a pod calls', () => {
  it.each([
    ['a Service of its namespace', 'http://server'],
    ['a Service by its whole name', 'http://server.here.svc.cluster.local:80'],
    ['a Service of others', 'http://user:word@store.elsewhere.svc.cluster.local:9000'],
    ['a name outside', 'https://store.example'],
    ['an address outside', 'https://192.0.2.7'],
    ['several', 'http://server,https://store.example'],
    ['no URL', 'red'],
  ])('is reached: %s', (_, value) => {
    expect(problems(value)).toEqual([]);
  });

  it.each<[string, string, RegExp, Parameters<typeof problems>[1]?]>([
    ['a port outside that no policy has', 'https://store.example:9000', /calls store.example:9000, .* lets it out/],
    ['an address that no policy has', 'https://198.51.100.1', /lets it out/],
    ['the second of several', 'http://server,nats://broker.example', /calls broker.example, .* lets it out/],
    ['a name that nobody has', 'http://serverr', /is no Service/],
    ['a port that the Service lacks', 'http://server:81', /is no Service/],
    ['a port that the Service of others lacks', 'http://store.elsewhere.svc.cluster.local:9001', /is no Service/],
    ['a Service that it is not let out to', 'http://server', /lets it out/, { egress: [dns] }],
    ['a Service that does not let it in', 'http://server', /lets it in there/, { server: [] }],
    ['a name, without name servers', 'https://store.example', /no name server/, { egress: [toWorld] }],
    ['what no variable says', '', /calls other.example:8443/, { calls: ['https://other.example:8443'] }],
  ])('is missed: %s', (_, value, problem, over = {}) => {
    expect(problems(value, over)).toEqual([expect.stringMatching(problem)]);
  });

  it('by an address needs no name server', () => {
    expect(problems('https://192.0.2.7', { egress: [toWorld] })).toEqual([]);
  });
});
