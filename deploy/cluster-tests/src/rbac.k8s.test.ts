import { AuthorizationV1Api } from '@kubernetes/client-node';
import { startCluster, type TestCluster } from '@attune/testing-cluster';
import { installCrds } from './crds';
import { renderText } from './render';

/** All that the trainer's account may do in the cluster. */
const allowed = [
  'attune-training batch/jobs: create delete get list watch',
  'attune-training events: list',
  'attune-training pods: delete get list watch',
  'attune-training resourcequotas: get list watch',
  'attune-training secrets: create',
];
const withKueue = [...allowed, 'attune-training kueue.x-k8s.io/workloads: get list watch'].sort();

const VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
  'impersonate',
  'bind',
  'escalate',
  'use',
];
const NAMESPACES = ['attune', 'attune-training', 'attune-platform', 'kube-system', 'default'];
/** What the API server's own discovery does not list. */
const SUBRESOURCES = [
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'pods/ephemeralcontainers',
  'nodes/proxy',
  'services/proxy',
];

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await installCrds(cluster);
});
afterAll(() => cluster.stop());

describe("the trainer's account", () => {
  it.each([
    ['the base', [], allowed],
    ['the component kueue', ['kueue'], withKueue],
  ])(
    'may do what it needs, and nothing else of all that the API server knows, with %s',
    async (_, components, expected) => {
      await apply(components);
      const rights = new Set(await rightsOf('system:serviceaccount:attune:trainer'));
      const everybodys = new Set(await rightsOf('system:serviceaccount:attune:billing'));
      expect([...rights].filter((right) => !everybodys.has(right))).toEqual(expected);
      // What every account may: ask who it is and what it may.
      expect(
        [...everybodys].filter(
          (right) => !/authorization\.k8s\.io\/selfsubject|authentication\.k8s\.io\/selfsubject/.test(right),
        ),
      ).toEqual([]);
    },
  );
});

async function apply(components: string[]): Promise<void> {
  const text = await renderText('gke', components);
  const arguments_ = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
  // The second time everything is in a namespace that is there.
  await cluster.kubectl(arguments_, text).catch(() => cluster.kubectl(arguments_, text));
}

/** `auth can-i` for every resource, verb and namespace: one line for each resource where something is allowed. */
async function rightsOf(user: string): Promise<string[]> {
  const lines: string[] = [];
  for (const { group, resource, namespaced } of await allResources()) {
    for (const namespace of namespaced ? NAMESPACES : ['']) {
      const verbs = await Promise.all(
        VERBS.map(async (verb) => ((await canI(user, { group, resource, verb, namespace })) ? verb : '')),
      );
      const granted = verbs.filter((verb) => verb !== '').sort();
      const where = namespace === '' ? 'everywhere' : namespace;
      if (granted.length > 0)
        lines.push(`${where} ${group === '' ? '' : `${group}/`}${resource}: ${granted.join(' ')}`);
    }
  }
  return lines.sort();
}

async function canI(
  user: string,
  { group, resource, verb, namespace }: { group: string; resource: string; verb: string; namespace: string },
): Promise<boolean> {
  const [name = '', subresource = ''] = resource.split('/');
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:attune', 'system:authenticated'];
  const body = { spec: { user, groups, resourceAttributes: { group, resource: name, subresource, verb, namespace } } };
  const { status } = await cluster.client(AuthorizationV1Api).createSubjectAccessReview({ body });
  return status?.allowed ?? false;
}

interface Resource {
  group: string;
  resource: string;
  namespaced: boolean;
}

async function allResources(): Promise<Resource[]> {
  const get = async <T>(path: string): Promise<T> => JSON.parse(await cluster.kubectl(['get', '--raw', path])) as T;
  interface List {
    resources: { name: string; namespaced: boolean }[];
  }
  const { groups } = await get<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const versions = groups.map(({ preferredVersion }) => preferredVersion.groupVersion);
  const core = await get<List>('/api/v1');
  const others = await Promise.all(
    versions.map(async (version) => ({ version, list: await get<List>(`/apis/${version}`) })),
  );
  const listed = [
    ...core.resources.map((one) => ({ group: '', resource: one.name, namespaced: one.namespaced })),
    ...others.flatMap(({ version, list }) =>
      list.resources.map((one) => ({
        group: version.split('/')[0] ?? '',
        resource: one.name,
        namespaced: one.namespaced,
      })),
    ),
  ];
  const missing = SUBRESOURCES.filter(
    (name) => !listed.some(({ group, resource }) => group === '' && resource === name),
  );
  return [
    ...listed,
    ...missing.map((resource) => ({ group: '', resource, namespaced: !resource.startsWith('nodes/') })),
  ];
}
