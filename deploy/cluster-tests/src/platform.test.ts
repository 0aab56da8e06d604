import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '@attune/embedded';
import { loadYaml } from '@kubernetes/client-node';

const platform = join(__dirname, '..', '..', '..', 'k8s', 'platform');

interface Chart {
  release: string;
  chart: string;
  version: string;
  namespace: string;
  repo?: string;
  optional?: boolean;
}

describe('the platform', () => {
  let charts: Chart[];
  let directory: string;
  beforeAll(async () => {
    charts = loadYaml<{ charts: Chart[] }>(await readFile(join(platform, 'versions.yaml'), 'utf8')).charts;
    directory = await mkdtemp(join(tmpdir(), 'attune-platform-'));
    for (const program of ['helm', 'kubectl']) {
      await writeFile(join(directory, program), `#!/bin/sh\necho ${program} "$@"\n`);
      await chmod(join(directory, program), 0o755);
    }
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** What install.sh would call. */
  const callsOn = async (cloud: string | null, ...releases: string[]): Promise<string[]> => {
    const env = {
      PATH: [directory, process.env['PATH']].join(delimiter),
      ...(cloud === null ? {} : { CLOUD: cloud }),
    };
    const output = await run('sh', [join(platform, 'install.sh'), ...releases], { env });
    return output.trim().split('\n');
  };
  const calls = (...releases: string[]): Promise<string[]> => callsOn(null, ...releases);
  const callOf = ({ release, chart, version, namespace, repo }: Chart, cloud?: string): string =>
    `helm upgrade --install ${release} ${chart} ${repo === undefined ? '' : `--repo ${repo} `}--version ${version} ` +
    `--namespace ${namespace} --create-namespace --values ${release}/values.yaml ` +
    `${cloud === undefined ? '' : `--values ${release}/values-${cloud}.yaml `}--wait`;
  const chartOf = (name: string): Chart => charts.find(({ release }) => release === name) as Chart;

  it('names every chart with an exact version and the values that lie beside it', async () => {
    expect(charts.filter(({ version }) => !/^v?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const folders = (await readdir(platform, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(charts.map(({ release }) => release).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('is installed as versions.yaml says, with the database after its operator and without what not every cluster needs', async () => {
    const expected = charts.filter(({ optional }) => optional !== true).map((chart) => callOf(chart));
    const isOurs = (line: string): boolean => line === 'kubectl apply --server-side -f cnpg/cluster.yaml';
    const made = await calls();
    expect(made.filter((line) => !isOurs(line))).toEqual(expected);
    expect(made.findIndex(isOurs)).toBe(1 + expected.findIndex((line) => line.includes(' cnpg ')));
  });

  it('installs just what is named', async () => {
    expect(await calls('kueue')).toEqual([callOf(chartOf('kueue'))]);
  });

  it('has values of each cloud that we make GPU pools on, and of nodes of one’s own, and installs with those that are named', async () => {
    const clouds = ['aks', 'eks', 'gke', 'own'];
    const files = await readdir(join(platform, 'gpu-operator'));
    expect(files.sort()).toEqual([...clouds.map((cloud) => `values-${cloud}.yaml`), 'values.yaml']);
    const operator = chartOf('gpu-operator');
    for (const cloud of clouds) {
      expect(await callsOn(cloud, 'gpu-operator', 'kueue')).toEqual([
        callOf(operator, cloud),
        callOf(chartOf('kueue')),
      ]);
    }
  });

  it.each([null, '', 'eks-karpenter', 'k'])('installs no GPU operator on a cloud called %j', async (cloud) => {
    await expect(callsOn(cloud, 'gpu-operator')).rejects.toThrow('set CLOUD to one of aks eks gke own');
  });

  it('has NATS write each message to its disk before it acknowledges it, and say so where the services ask', async () => {
    const values = loadYaml<{ config: { jetstream: { merge: object } }; service: object }>(
      await readFile(join(platform, 'nats', 'values.yaml'), 'utf8'),
    );
    expect(values.config.jetstream.merge).toEqual({ sync_interval: 'always' });
    expect(values.service).toEqual({ ports: { monitor: { enabled: true } } });
  });
});
