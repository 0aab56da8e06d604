import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@attune/testing';
import { parse } from 'yaml';
import { digest, releaseWithStandIn } from './test-support/release';

const root = join(__dirname, '..', '..', '..');

/** Every image that a manifest or the composition names. */
function namedImages(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(yaml|json)$/.test(name) && !name.includes('node_modules'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/ghcr\.io\/attune-asr\/[\w-]+/g) ?? []);
}

describe('release.sh', () => {
  let directory: string;
  let asked: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory('release');
    asked = await releaseWithStandIn(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('builds every image that the manifests and the composition name, and no other', () => {
    const { images: released } = parse(readFileSync(join(directory, 'out', 'kustomization.yaml'), 'utf8')) as {
      images: { name: string; digest: string }[];
    };
    const used = [
      ...namedImages(join(root, 'k8s')),
      ...(readFileSync(join(root, 'deploy', 'compose.yaml'), 'utf8').match(/ghcr\.io\/attune-asr\/[\w-]+/g) ?? []),
    ];
    expect(released.map(({ name }) => name).sort()).toEqual([...new Set(used)].sort());
    expect(new Set(released.map((one) => one.digest))).toEqual(new Set([digest]));
  });

  it('builds each on a base of one digest, with version, revision, provenance and SBOM', () => {
    const builds = asked.filter((line) => line.startsWith('buildx build'));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    for (const line of builds) {
      expect(line).toMatch(new RegExp(`NODE_IMAGE=node:[\\d.]+-bookworm-slim@${digest}`));
      expect(line).toContain(`VERSION=${version}`);
      expect(line).toMatch(/REVISION=[0-9a-f]{40}/);
      expect(line).toMatch(/--provenance=mode=max --attest type=sbom,generator=\S+:\d+\.\d+\.\d+/);
    }
    const boms = readdirSync(join(directory, 'out')).filter((name) => name.endsWith('.spdx.json'));
    expect(boms).toHaveLength(builds.length);
  });

  it('leaves the CUDA runner with the lock that has its libraries', () => {
    expect(asked.find((line) => line.includes('/runner-cuda:'))).toContain('ENGINE_LOCK=requirements-cuda.lock');
  });
});
