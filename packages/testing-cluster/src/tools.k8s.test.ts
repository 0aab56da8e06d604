import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import { tsProgram } from '@attune/testing';
import { isBuilt, OPTIONAL_TOOLS, toolPath, toolVersion } from './index';

describe('the tools of a cluster', () => {
  let cache: string;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'attune-test-tools-'));
  });
  afterAll(() => rm(cache, { recursive: true }));

  it('are built once when two ask at the same time, and not again', async () => {
    const ask = async (): Promise<{ status: number | null; said: string }> => {
      const { command, args } = tsProgram(join(__dirname, 'build-tools.ts'), ['kubeconform']);
      const program = spawn(command, args, { env: { ...process.env, ATTUNE_CACHE_DIR: cache }, stdio: 'pipe' });
      let said = '';
      program.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
      await once(program, 'close');
      return { status: program.exitCode, said };
    };
    const asked = [...(await Promise.all([ask(), ask()])), await ask()];
    expect(asked.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(asked.filter(({ said }) => said.includes('building kubeconform'))).toHaveLength(1);
    const [directory = '', ...others] = await readdir(join(cache, 'cluster-tools'));
    expect(others).toEqual([]);
    expect(await run(join(cache, 'cluster-tools', directory, 'kubeconform'), ['-h'])).toContain('Usage');
  });

  const built = OPTIONAL_TOOLS.filter(isBuilt);
  const programs = { kueue: 'kueue', keda: 'keda-operator' } as Record<string, string>;
  it(`run, the optional ones too (here: ${built.join(', ') || 'none is built'})`, async () => {
    expect(await run(toolPath('kubectl'), ['version', '--client'])).toContain(toolVersion('kubernetes'));
    for (const name of built) expect(await help(toolPath(programs[name] ?? name))).toContain('kubeconfig');
  });
});

/** Go's own flag package writes to stderr. */
async function help(program: string): Promise<string> {
  return run('sh', ['-c', '"$0" --help 2>&1', program]);
}
