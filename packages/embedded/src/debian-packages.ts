import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run, succeeds } from './run';

/** A Debian package and how to see that it is there: a program on PATH, or a file by its absolute path. */
export interface DebianPackage {
  name: string;
  provides: string;
}

/**
 * Makes sure that programs from Debian packages are there: what is missing is installed by apt-get (as root, or by sudo where
 * that asks for no password), with nothing recommended along. A plain name provides the program of the same name.
 * Throws one line that says what to install where that cannot be done.
 */
export async function ensureDebianPackages(
  packages: readonly (string | DebianPackage)[],
  log: (message: string) => void = () => undefined,
): Promise<void> {
  const wanted = packages.map((entry) => (typeof entry === 'string' ? { name: entry, provides: entry } : entry));
  const missing = await missingOf(wanted);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const prefix = await administrator();
  if (prefix === null || !(await succeeds('apt-get', ['--version']))) {
    throw new Error(`please install: ${names.join(' ')} (on Debian, as root: apt-get install ${names.join(' ')})`);
  }
  log(`installing ${names.join(', ')}`);
  await install(prefix, names);
  const still = await missingOf(missing);
  if (still.length > 0) throw new Error(`installed, but not found: ${still.map(({ provides }) => provides).join(' ')}`);
}

/** The lists that apt already has are usually good; they are fetched only when the packages cannot be had with them. */
async function install(prefix: readonly string[], names: readonly string[]): Promise<void> {
  const apt = (...args: string[]): Promise<string> => {
    const [command = 'apt-get', ...rest] = [...prefix, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args];
    return run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  };
  const wanted = ['install', '-y', '--no-install-recommends', ...names];
  try {
    await apt(...wanted);
  } catch {
    await apt('update');
    await apt(...wanted);
  }
}

/** What to put before a command to run it as root; null when that is not possible without asking. */
async function administrator(): Promise<string[] | null> {
  if (process.getuid?.() === 0) return [];
  return (await succeeds('sudo', ['-n', 'true'])) ? ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'] : null;
}

async function missingOf(packages: readonly DebianPackage[]): Promise<DebianPackage[]> {
  const found = await Promise.all(packages.map(({ provides }) => isThere(provides)));
  return packages.filter((_, index) => found[index] !== true);
}

async function isThere(provides: string): Promise<boolean> {
  const candidates = provides.startsWith('/')
    ? [provides]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, provides));
  const mode = provides.startsWith('/') ? constants.F_OK : constants.X_OK;
  const results = await Promise.allSettled(candidates.map((path) => access(path, mode)));
  return results.some(({ status }) => status === 'fulfilled');
}
