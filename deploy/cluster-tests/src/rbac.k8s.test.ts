import { startCluster, type TestCluster } from '@attune/testing-cluster';
import { AccessReviews } from './test-support/access-reviews';
import { installCrds } from './test-support/crds';
import { renderText } from './test-support/render';

/** What every account of a cluster may: ask who it is and what it may. */
const everybodys = [
  'everywhere authentication.k8s.io/selfsubjectreviews: create',
  'everywhere authorization.k8s.io/selfsubjectaccessreviews: create',
  'everywhere authorization.k8s.io/selfsubjectrulesreviews: create',
];

/** All that the trainer's account may besides. */
const trainers = [
  'attune-training batch/jobs: create delete get list watch',
  'attune-training events: list',
  'attune-training pods: delete get list watch',
  'attune-training resourcequotas: get list watch',
  'attune-training secrets: create',
];

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** Verbs that only some resources know. */
const SPECIAL: Record<string, string[]> = {
  serviceaccounts: ['impersonate'],
  'rbac.authorization.k8s.io/roles': ['bind', 'escalate'],
  'rbac.authorization.k8s.io/clusterroles': ['bind', 'escalate'],
};
/** Empty: in all namespaces at once. */
const NAMESPACES = ['', 'attune', 'attune-training', 'attune-platform', 'kube-system'];

jest.setTimeout(300_000);
let cluster: TestCluster;
let reviews: AccessReviews;

beforeAll(async () => {
  cluster = await startCluster();
  await installCrds(cluster);
  const text = await renderText('gke', ['kueue']);
  const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
  // What comes before its namespace is refused the first time.
  await cluster.kubectl(apply, text).catch(() => cluster.kubectl(apply, text));
  reviews = await AccessReviews.open(cluster);
});
afterAll(async () => {
  reviews.close();
  await cluster.stop();
});

it("lets the trainer's account do what it needs, and nothing else of all that the API server knows", async () => {
  expect(await rightsOf('attune:trainer', NAMESPACES)).toEqual([...trainers, ...everybodys]);
});

it.each(['attune:models-api', 'attune-training:default'])('lets %s do nothing', async (account) => {
  expect(await rightsOf(account, ['', 'attune', 'attune-training'])).toEqual(everybodys);
});

/** `auth can-i` for every resource, verb and namespace: one line for each resource where something is allowed. */
async function rightsOf(account: string, namespaces: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { group, resource, namespaced } of await allResources()) {
    const name = `${group === '' ? '' : `${group}/`}${resource}`;
    const verbs = [...VERBS, ...(SPECIAL[name] ?? [])];
    for (const namespace of namespaced ? namespaces : ['']) {
      const answers = verbs.map(async (verb) =>
        (await reviews.mayDo(account, { group, resource, verb, namespace })) ? [verb] : [],
      );
      const granted = (await Promise.all(answers)).flat().sort();
      if (granted.length > 0)
        lines.push(`${namespace === '' ? 'everywhere' : namespace} ${name}: ${granted.join(' ')}`);
    }
  }
  return lines.sort();
}

interface Resource {
  group: string;
  resource: string;
  namespaced: boolean;
}

/** As the API server lists them: subresources (`pods/exec`) too. */
async function allResources(): Promise<Resource[]> {
  const get = async <T>(path: string): Promise<T> => JSON.parse(await cluster.kubectl(['get', '--raw', path])) as T;
  const { groups } = await get<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    paths.map(async (path) => ({
      group: path === '/api/v1' ? '' : (path.split('/')[2] ?? ''),
      list: await get<{ resources: { name: string; namespaced: boolean }[] }>(path),
    })),
  );
  return lists.flatMap(({ group, list }) =>
    list.resources.map(({ name, namespaced }) => ({ group, resource: name, namespaced })),
  );
}
