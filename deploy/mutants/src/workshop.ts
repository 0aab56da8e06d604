import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { basename, dirname, join, relative } from 'node:path';
import { transform } from '@swc/core';
import { cacheDirectory, run, withFileLock } from '@attune/embedded';
import { mutate, type Mutant } from './mutant';
import { judge, type JestReport, type Verdict } from './verdict';

/** More than any single test takes; a run that is longer hangs. */
const TIME_LIMIT_MS = 300_000;
/** The scope of this repository's own packages. */
const HOUSE = '@attune';

type NamedTest = Pick<Mutant, 'project' | 'test' | 'assertion' | 'failure'>;

/** A copy of the working tree in the cache, in which mutants are planted: the tree itself is never touched. */
export class Workshop {
  private constructor(private readonly directory: string) {}

  /** Makes the copy (uncommitted changes included, libraries linked), lends it to `work` and removes it. One at a time for each tree. */
  static async use<T>(root: string, work: (workshop: Workshop) => Promise<T>): Promise<T> {
    const parent = join(cacheDirectory(), 'mutants');
    await mkdir(parent, { recursive: true });
    // The same place each time: what jest has compiled for it may be used again.
    const directory = join(parent, createHash('sha256').update(root).digest('hex').slice(0, 12));
    return withFileLock(`${directory}.lock`, async () => {
      await rm(directory, { recursive: true, force: true });
      try {
        await copyTree(root, directory);
        return await work(new Workshop(directory));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  }

  /** Runs the mutant's test on the changed source. */
  async tryMutant(mutant: Mutant): Promise<Verdict> {
    const path = join(this.directory, mutant.file);
    const { before, after } = await mutate(this.directory, mutant);
    const put = async (source: string): Promise<void> => {
      await writeFile(path, source);
      await this.build(mutant.file, source);
    };
    try {
      await put(after);
      return await this.runTest(mutant);
    } finally {
      await put(before);
    }
  }

  /** Some tests start built programs: where the tree is built, a changed source is compiled as the build does it. */
  private async build(file: string, source: string): Promise<void> {
    const [, folder, path] = /^((?:apps|packages|deploy)\/[^/]+)\/src\/(.*)\.ts$/.exec(file) ?? [];
    if (folder === undefined || path === undefined) return;
    const built = join(this.directory, folder, 'dist', `${path}.js`);
    if (!existsSync(built)) return;
    const configFile = join(this.directory, 'packages', 'tooling', 'swc.json');
    const { code } = await transform(source, { filename: join(this.directory, file), configFile, swcrc: true });
    await writeFile(built, code);
  }

  /** Runs one test on the source as it stands in the copy. */
  async runTest({ project, test, assertion, failure }: NamedTest): Promise<Verdict> {
    const report = join(this.directory, 'report.json');
    await rm(report, { force: true });
    const options = [
      '--selectProjects',
      project,
      '--json',
      '--outputFile',
      report,
      '--testNamePattern',
      exactly(assertion),
    ];
    const jest = join(this.directory, 'node_modules', 'jest', 'bin', 'jest.js');
    const child = spawn(process.execPath, [jest, ...options, '--runTestsByPath', test], {
      cwd: this.directory,
      stdio: 'ignore',
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    await once(child, 'exit');
    if (child.signalCode !== null) return { kind: 'broken', reason: 'the test run did not end' };
    if (!existsSync(report)) return { kind: 'broken', reason: 'jest wrote no report' };
    return judge(JSON.parse(await readFile(report, 'utf8')) as JestReport, assertion, failure);
  }
}

const exactly = (name: string): string => `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;

async function copyTree(root: string, directory: string): Promise<void> {
  const list = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const files = list.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  for (const file of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await copyFile(join(root, file), join(directory, file));
  }
  for (const folder of files.filter((file) => basename(file) === 'package.json').map(dirname)) {
    await linkLibraries(root, directory, join(folder, 'node_modules'));
    const built = join(root, folder, 'dist');
    if (existsSync(built)) await cp(built, join(directory, folder, 'dist'), { recursive: true });
  }
}

/** Libraries are those of the tree, packages of the house those of the copy. */
async function linkLibraries(root: string, directory: string, folder: string): Promise<void> {
  const source = join(root, folder);
  if (!existsSync(source)) return;
  await mkdir(join(directory, folder), { recursive: true });
  for (const name of await readdir(source)) {
    if (name === HOUSE) {
      await mkdir(join(directory, folder, name));
      for (const ours of await readdir(join(source, name))) {
        const place = relative(root, await realpath(join(source, name, ours)));
        await symlink(join(directory, place), join(directory, folder, name, ours));
      }
    } else {
      await symlink(join(source, name), join(directory, folder, name));
    }
  }
}
