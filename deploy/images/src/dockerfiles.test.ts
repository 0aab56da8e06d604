import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import {
  baseImages,
  copiedPaths,
  readDockerfile,
  stagesOf,
  textsOf,
  variablesOf,
  type Instruction,
} from './test-support/dockerfile';
import { ensureHadolint } from './test-support/hadolint';

const images = join(__dirname, '..');
const root = join(images, '..', '..');
const files = readdirSync(images).filter((name) => name.endsWith('.Dockerfile'));

interface Manifest {
  packageManager: string;
}
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

it('every Dockerfile passes hadolint', async () => {
  const hadolint = await ensureHadolint();
  const config = join(images, '.hadolint.yaml');
  expect(await run(hadolint, ['--config', config, ...files.map((name) => join(images, name))])).toBe('');
  // It looks: an image without a version is found.
  await expect(
    run(hadolint, ['--config', config, join(__dirname, 'test-support', 'faulty.Dockerfile')]),
  ).rejects.toThrow('DL3006');
}, 60_000);

describe.each(files)('%s', (file) => {
  const instructions: Instruction[] = readDockerfile(join(images, file));

  it('begins with images of an exact version', () => {
    expect(baseImages(instructions).length).toBeGreaterThan(0);
    for (const image of baseImages(instructions)) expect(image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+-[\w.-]+$/);
  });

  it('ends as the user 10001', () => {
    expect(textsOf(instructions, 'USER').at(-1)).toBe('10001:10001');
  });

  it('holds no secret in its arguments and variables', () => {
    for (const name of variablesOf(instructions).keys())
      expect(name).not.toMatch(/PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL/i);
  });

  it('copies what is there, from the repository and from its own stages', () => {
    for (const path of copiedPaths(instructions)) expect(existsSync(join(root, path))).toBe(true);
    const stages = textsOf(instructions, 'COPY').flatMap((text) => /^--from=(\S+)/.exec(text)?.[1] ?? []);
    expect(stagesOf(instructions)).toEqual(expect.arrayContaining(stages));
  });

  it('starts a script of bin/ that can be executed', () => {
    const [command = ''] = JSON.parse(textsOf(instructions, 'CMD').at(-1) ?? '[]') as string[];
    expect(command).toMatch(/^\/app\/bin\/\w+$/);
    accessSync(join(images, 'bin', command.slice('/app/bin/'.length)), constants.X_OK);
  });

  it('installs by the pnpm that the repository names, from the lockfile', () => {
    const runs = textsOf(instructions, 'RUN');
    expect(runs).toContain(`npm install --global ${packageManager}`);
    expect(runs.filter((text) => text.startsWith('pnpm install'))).toEqual([
      'pnpm install --frozen-lockfile --offline',
    ]);
  });

  it('names locks of the engine that are there', () => {
    for (const lock of readFileSync(join(images, file), 'utf8').match(/requirements[\w-]*\.lock/g) ?? [])
      expect(existsSync(join(root, 'apps', 'engine-whisper', lock))).toBe(true);
  });

  it('says what it is', () => {
    const labels = textsOf(instructions, 'LABEL').join(' ');
    for (const name of ['title', 'source', 'licenses', 'version', 'revision'])
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
  });
});

it('all images stand on one Node', () => {
  expect(new Set(files.flatMap((file) => baseImages(readDockerfile(join(images, file))))).size).toBe(1);
});
