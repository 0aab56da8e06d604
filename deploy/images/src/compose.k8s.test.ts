import { mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, run, withFileLock } from '@attune/embedded';
import { temporaryDirectory } from '@attune/testing';
import { composeFile, drawSecrets, readComposition, type Composition } from './test-support/composition';

const VERSION = 'v2.16.2';
const directory = join(cacheDirectory(), `compose-spec-${VERSION}`);

/** The library that Docker Compose reads its files by, as the program that its module brings; built once into the cache. */
async function ensureReader(): Promise<string> {
  const program = join(directory, 'cmd');
  await mkdir(cacheDirectory(), { recursive: true });
  await withFileLock(`${directory}.lock`, async () => {
    if (existsSync(program)) return;
    const module = `github.com/compose-spec/compose-go/v2/cmd@${VERSION}`;
    await run('go', ['install', module], { env: { ...process.env, GOBIN: directory, CGO_ENABLED: '0' } });
  });
  return program;
}

// In this project because it needs Go, as all others of it do.
describe('compose.yaml, as Docker Compose reads it', () => {
  let reader: string;
  let temporary: string;
  let secrets: Record<string, string>;
  beforeAll(async () => {
    reader = await ensureReader();
    temporary = await temporaryDirectory('compose');
    secrets = drawSecrets(join(temporary, 'env'));
  });
  afterAll(() => rm(temporary, { recursive: true }));

  const load = (env: Readonly<Record<string, string>>): Promise<string> =>
    run(reader, ['-format', 'json', composeFile], { env: { PATH: process.env['PATH'], ...env } });

  it('is right, with the environments that the other tests see', async () => {
    const { services } = JSON.parse(await load(secrets)) as Composition;
    const seen = readComposition(secrets).services;
    expect(Object.keys(services).sort()).toEqual(Object.keys(seen).sort());
    for (const [name, { environment, command }] of Object.entries(services)) {
      expect(environment ?? {}).toEqual(seen[name]?.environment ?? {});
      expect(command ?? undefined).toEqual(seen[name]?.command);
    }
  });

  it('stops at the first secret that is missing', async () => {
    const { SECRETS_KEY: _, ...others } = secrets;
    await expect(load(others)).rejects.toThrow('SECRETS_KEY');
  });
});
