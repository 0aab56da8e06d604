import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheDirectory, freePort, run, succeeds, superviseChild, withFileLock } from '@attune/embedded';

/** The first whose conditional writes are atomic: two racing writers of one key both won before (versitygw pull request 2288). */
const VERSION = 'v1.8.0';
const MODULE = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;
const START_TIMEOUT_MS = 60_000;

/** A real S3 server over a temporary folder. */
export interface TestS3 {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  stop: () => Promise<void>;
}

/**
 * Starts versitygw, built once by Go into the cache (about 90 s the first time). Without Go it answers null, after one line
 * that says so: the caller registers the tests it leaves out under a name that says the same.
 */
export async function startTestS3(): Promise<TestS3 | null> {
  const binary = await ensureVersitygw();
  if (binary === null) {
    process.stderr.write(
      'No Go on PATH: versitygw cannot be built, so the tests against a real S3 server are left out.\n',
    );
    return null;
  }
  // Metadata are extended attributes, which the file system of a temporary folder may not have; the cache's is a disk.
  const directory = await mkdtemp(join(cacheDirectory(), 'test-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${String(port)}`;
  const [accessKey, secretKey] = ['test-access-key', 'test-secret-key'];
  const data = join(directory, 'data');
  await mkdir(data);
  const child = superviseChild({
    name: 'versitygw',
    command: binary,
    args: ['--port', `127.0.0.1:${String(port)}`, 'posix', data],
    env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey, HOME: directory },
    logFile: join(directory, 'versitygw.log'),
    restart: 'never',
  });
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(directory, { recursive: true, force: true });
  };
  if (!(await answers(endpoint))) {
    await stop();
    throw new Error('versitygw did not start');
  }
  return { endpoint, accessKey, secretKey, region: 'us-east-1', stop };
}

/** Whether tests against a real S3 server can run here. Known before any test is registered. */
export async function canRunS3(): Promise<boolean> {
  return (await succeeds('go', ['version'])) || (await isFile(binaryPath()));
}

const binaryPath = (): string => join(cacheDirectory(), `versitygw-${VERSION}`, 'versitygw');

async function ensureVersitygw(): Promise<string | null> {
  const binary = binaryPath();
  if (await isFile(binary)) return binary;
  if (!(await succeeds('go', ['version']))) return null;
  const directory = join(cacheDirectory(), `versitygw-${VERSION}`);
  await mkdir(cacheDirectory(), { recursive: true });
  await withFileLock(`${directory}.lock`, async () => {
    // go writes the finished program in one step, so a half-built one is never found.
    if (!(await isFile(binary))) {
      await run('go', ['install', MODULE], { env: { ...process.env, GOBIN: directory, CGO_ENABLED: '0' } });
    }
  });
  return binary;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function answers(endpoint: string): Promise<boolean> {
  const started = performance.now();
  while (performance.now() - started < START_TIMEOUT_MS) {
    // Any answer will do: without credentials it is a refusal.
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return true;
    await delay(50);
  }
  return false;
}
