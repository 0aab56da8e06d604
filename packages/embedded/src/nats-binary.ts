import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFileLock } from './file-lock';
import { cacheDirectory } from './paths';
import { run } from './run';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
/** Debian's stable release of 2025: its server has the 2.10 feature set and needs no newer libc than Debian 12 has. */
const SUITE = 'trixie';
const MINIMUM = { major: 2, minor: 10 };

/**
 * The path of a nats-server of at least 2.10: the one on PATH, else Debian's package, fetched once into the cache by apt
 * (which checks Debian's signature) and unpacked there; nothing is installed on the system. Elsewhere it throws one line
 * that says what to install.
 */
export async function ensureNats(): Promise<string> {
  if (await isRecent('nats-server')) return 'nats-server';
  const directory = join(cacheDirectory(), `nats-server-${SUITE}`);
  const binary = join(directory, 'usr', 'sbin', 'nats-server');
  if (await isRecent(binary)) return binary;
  await mkdir(dirname(directory), { recursive: true });
  await withFileLock(`${directory}.lock`, async () => {
    if (!(await isRecent(binary))) await fetchPackage(directory);
  });
  if (!(await isRecent(binary))) throw new Error(`the nats-server in ${directory} does not run on this machine`);
  return binary;
}

async function isRecent(binary: string): Promise<boolean> {
  const text = await run(binary, ['--version']).catch(() => '');
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(text) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) > MINIMUM.major || (Number(major) === MINIMUM.major && Number(minor) >= MINIMUM.minor);
}

async function fetchPackage(directory: string): Promise<void> {
  const work = `${directory}.new`;
  await rm(work, { recursive: true, force: true });
  for (const folder of ['lists/partial', 'archives/partial', 'root'])
    await mkdir(join(work, folder), { recursive: true });
  try {
    const options = await aptOptions(work);
    await run('apt-get', [...options, '-q', 'update']);
    await run('apt-get', [...options, '-q', 'download', 'nats-server'], { cwd: work });
    await run('sh', ['-c', 'dpkg -x nats-server_*.deb root'], { cwd: work });
  } catch (error) {
    throw new Error(
      'nats-server 2.10 or newer is needed: install it so that it is on PATH (Debian 12 and newer get it by themselves)',
      {
        cause: error,
      },
    );
  }
  await rm(directory, { recursive: true, force: true });
  await rename(join(work, 'root'), directory);
  await rm(work, { recursive: true, force: true });
}

/** An apt of its own: one source, its own lists and archives, and Debian's key as the only one it trusts. */
async function aptOptions(work: string): Promise<string[]> {
  const source = join(work, 'sources.list');
  await writeFile(source, `deb [signed-by=${KEYRING}] ${await mirror()} ${SUITE} main\n`);
  const settings = {
    'Dir::Etc::SourceList': source,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::Cache': work,
    'Dir::Cache::Archives': join(work, 'archives'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // apt's own user could not write to a cache below a home directory.
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The mirror that this system uses for Debian itself. */
async function mirror(): Promise<string> {
  const output = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']).catch(
    () => '',
  );
  const used = output.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  return used?.replace(/\/$/, '') ?? DEFAULT_MIRROR;
}
