import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, ProgramFailed, run, withFileLock } from '@attune/embedded';
import { temporaryDirectory } from '@attune/testing';
import { composeFile, drawSecrets, fillIn, readComposition, type Composition } from './test-support/composition';

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

  const load = (file: string): Promise<string> => run(reader, ['-format', 'json', '-no-path-resolution', file]);

  it('is right, with the environments and commands that the other tests see', async () => {
    // Filled in by ourselves: this program of the library hands no variables to it.
    const text = fillIn(secrets);
    const file = join(temporary, 'compose.yaml');
    await writeFile(file, text);
    const { services } = JSON.parse(await load(file)) as Composition;
    const seen = readComposition(text).services;
    expect(Object.keys(services).sort()).toEqual(Object.keys(seen).sort());
    for (const [name, { environment, command }] of Object.entries(services)) {
      expect(environment).toEqual(seen[name]?.environment);
      expect(command).toEqual(seen[name]?.command);
    }
  });

  it('is not started without its secrets, each of them named', async () => {
    const refused = await load(composeFile).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProgramFailed);
    for (const name of Object.keys(secrets))
      expect((refused as ProgramFailed).output).toContain(`variable ${name} is missing`);
  });

  it('is refused with a word that Compose does not know', async () => {
    const file = join(temporary, 'faulty.yaml');
    await writeFile(file, fillIn(secrets).replace('    shm_size:', '    shm_sizes:'));
    await expect(load(file)).rejects.toThrow('shm_sizes');
  });
});
