import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProgramFailed, run } from '@attune/embedded';
import { temporaryDirectory } from '@attune/testing';
import { loadAllYaml, type KubernetesObject } from '@kubernetes/client-node';
import { k8s } from './test-support/render';

interface Pool {
  name: string;
  slots: number;
}

const poolsIn = (...folder: string[]): Pool[] =>
  JSON.parse(readFileSync(join(k8s, ...folder, 'pools.json'), 'utf8')) as Pool[];

/** What the trainer knows: each GPU of a pool is one machine, so slots are its largest number of nodes. */
const known = Object.fromEntries(poolsIn('base', 'training').map(({ name, slots }) => [name, slots]));

describe('the node pools of a cloud', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await temporaryDirectory('node-pools');
    for (const program of ['gcloud', 'az']) {
      writeFileSync(join(directory, program), `#!/bin/sh\necho ${program} "$@"\n`);
      chmodSync(join(directory, program), 0o755);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What the overlay's script would call. */
  const calls = async (overlay: string, variables: Record<string, string>): Promise<string[]> => {
    const env = { PATH: [directory, process.env['PATH']].join(delimiter), CLUSTER: 'mine', ...variables };
    return (await run('sh', [join(k8s, 'overlays', overlay, 'node-pools.sh')], { env })).trim().split('\n');
  };
  const sizes = (lines: readonly string[], size: RegExp): Record<string, number> =>
    Object.fromEntries(
      lines.map((line) => [/attune\.dev\/pool=(\S+)/.exec(line)?.[1] ?? '', Number(size.exec(line)?.[1])]),
    );

  it('of GKE are those that the trainer knows, with as many nodes as it orders', async () => {
    expect(sizes(await calls('gke', { LOCATION: 'europe-west4' }), /--total-max-nodes (\d+)/)).toEqual(known);
  });

  it('of AKS are those that the trainer knows, with as many nodes as it orders', async () => {
    expect(sizes(await calls('aks', { GROUP: 'ours' }), /--max-count (\d+)/)).toEqual(known);
  });

  it('of EKS are those that the trainer knows, with as many GPUs as it orders', () => {
    const objects = loadAllYaml(readFileSync(join(k8s, 'overlays', 'eks-karpenter', 'node-pools.yaml'), 'utf8'));
    const pools = (objects as (KubernetesObject & { spec: NodePoolSpec })[]).filter(({ kind }) => kind === 'NodePool');
    const found = pools.map(({ spec }) => [
      spec.template.metadata.labels['attune.dev/pool'],
      spec.limits['nvidia.com/gpu'],
    ]);
    expect(Object.fromEntries(found)).toEqual(known);
  });

  it.each(['europe-west4', 'europe-west4-a'])(
    'of GKE are made in a cluster at %s, a region or a zone',
    async (LOCATION) => {
      for (const line of await calls('gke', { LOCATION })) {
        expect(line).toContain(`--cluster mine --location ${LOCATION} `);
        expect(line).not.toMatch(/--(region|zone|node-locations)/);
      }
    },
  );

  it('of GKE stay in the zones that have the GPU, where the operator names them', async () => {
    const ZONES = 'europe-west4-a,europe-west4-b';
    for (const line of await calls('gke', { LOCATION: 'europe-west4', ZONES }))
      expect(line).toContain(`--location europe-west4 --node-locations ${ZONES} `);
  });

  it('are not made anywhere when nobody says where the cluster is', async () => {
    await expect(calls('gke', {})).rejects.toThrow(ProgramFailed);
  });

  it("for slices are nobody else's to make: the component says how", () => {
    const readme = readFileSync(join(k8s, 'components', 'mig', 'README.md'), 'utf8');
    const own = poolsIn('components', 'mig').filter(({ name }) => known[name] === undefined);
    expect(own).not.toEqual([]);
    for (const { name } of own) expect(readme).toContain(`attune.dev/pool=${name}`);
  });
});

interface NodePoolSpec {
  limits: Record<string, number>;
  template: { metadata: { labels: Record<string, string> } };
}
