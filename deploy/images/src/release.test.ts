import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import { temporaryDirectory } from '@attune/testing';
import { parse } from 'yaml';

const images = join(__dirname, '..');
const root = join(images, '..', '..');
const digest = `sha256:${'a'.repeat(64)}`;

/** Stands in for the client of a container engine: writes down what it is asked, and answers as Buildx does. */
const docker = `#!/bin/sh
echo "$*" >>"$RECORD"
case "$*" in
  *Manifest.Digest*) echo ${digest} ;;
  *SBOM*) echo '{"spdxVersion":"SPDX-2.3"}' ;;
esac
while [ $# -gt 1 ]; do
  [ "$1" != --metadata-file ] || echo '{ "containerimage.digest": "${digest}" }' >"$2"
  shift
done
`;

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
    const checkout = join(directory, 'checkout');
    mkdirSync(join(checkout, 'deploy', 'images'), { recursive: true });
    for (const file of [
      'package.json',
      ...readdirSync(images)
        .filter((name) => /Dockerfile$|\.sh$/.test(name))
        .map((name) => join('deploy', 'images', name)),
    ])
      cpSync(join(root, file), join(checkout, file));
    const git = ['-C', checkout, '-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    await run('git', ['-C', checkout, 'init', '-q']);
    await run('git', [...git, 'add', '-A']);
    await run('git', [...git, 'commit', '-qm', 'all']);
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, 'bin', 'docker'), docker);
    chmodSync(join(directory, 'bin', 'docker'), 0o755);
    const record = join(directory, 'record');
    const env = { PATH: `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`, RECORD: record };
    await run(join(checkout, 'deploy', 'images', 'release.sh'), [join(directory, 'out')], { env });
    asked = readFileSync(record, 'utf8').trim().split('\n');
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
