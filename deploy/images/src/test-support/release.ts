import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@attune/embedded';

const images = join(__dirname, '..', '..');
const root = join(images, '..', '..');

/** What the stand-in says that every image has. */
export const digest = `sha256:${'a'.repeat(64)}`;

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

/** Runs release.sh without a container engine; it leaves its files in `out` of this folder. Answers what the engine was asked. */
export async function releaseWithStandIn(directory: string): Promise<string[]> {
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
  return readFileSync(record, 'utf8').trim().split('\n');
}
