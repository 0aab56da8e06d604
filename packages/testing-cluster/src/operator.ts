import { readdirSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProgramFailed, superviseChild, type SupervisedChild } from '@attune/embedded';
import type { TestCluster } from './cluster';
import { isBuilt, type ToolName } from './tools';

/** A third party's controller, run as a host process beside the control plane; it ends with the cluster. */
export interface Operator {
  /** All that it wrote so far. */
  log: () => Promise<string>;
  stop: () => Promise<void>;
}

/** Tests need the processor more than it. */
const NICENESS = '5';
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** Whether an operator's program is in the cache. A single line says so where it is not: its tests are left out then. */
export function hasOperator(name: Extract<ToolName, 'kueue' | 'keda'>): boolean {
  if (isBuilt(name)) return true;
  process.stderr.write(
    `${name} is not in the cache: its tests are left out. node packages/testing-cluster/dist/build-tools.js ${name} builds it.\n`,
  );
  return false;
}

/** Applies custom resource definitions and waits until the API server serves them. */
export async function applyDefinitions(cluster: TestCluster, directory: string): Promise<void> {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  const named = files.flatMap((file) => ['-f', join(directory, file)]);
  // Client-side would keep each of them a second time in an annotation, and some are too large for one.
  await cluster.kubectl(['apply', '--server-side', ...named]);
  await cluster.untilEstablished();
}

/**
 * ca.crt, tls.crt and tls.key in `directory`: kwokctl's own pair, made for the loopback address and for servers as well as
 * clients. Answers the authority's certificate in base64, as webhooks want it.
 */
export async function writeCertificates(cluster: TestCluster, directory: string): Promise<string> {
  const config = cluster.kubeConfig();
  const { caFile } = config.getCurrentCluster() ?? {};
  const { certFile, keyFile } = config.getCurrentUser() ?? {};
  if (caFile === undefined || certFile === undefined || keyFile === undefined)
    throw new Error(`${cluster.kubeconfig} names no certificate files`);
  await mkdir(directory, { recursive: true });
  await cp(caFile, join(directory, 'ca.crt'));
  await cp(certFile, join(directory, 'tls.crt'));
  await cp(keyFile, join(directory, 'tls.key'));
  return readFile(caFile, 'base64');
}

/** Starts a controller at low priority and waits for its readiness. */
export async function startOperator(
  cluster: TestCluster,
  name: string,
  command: readonly string[],
  more: { env?: Record<string, string>; readyUrl: string },
): Promise<Operator> {
  const logFile = join(cluster.directory, `${name}.log`);
  const child = superviseChild({
    name,
    command: 'nice',
    args: ['-n', NICENESS, ...command],
    env: { PATH: process.env['PATH'], HOME: cluster.directory, KUBECONFIG: cluster.kubeconfig, ...more.env },
    logFile,
    restart: 'never',
  });
  const stop = (): Promise<void> => child.stop();
  cluster.beforeStop(stop);
  const log = (): Promise<string> => readFile(logFile, 'utf8');
  if (!(await becomesReady(child, more.readyUrl))) {
    await stop();
    throw new ProgramFailed(name, child.lastExit?.status ?? null, await log());
  }
  return { log, stop };
}

async function becomesReady(child: SupervisedChild, url: string): Promise<boolean> {
  const started = performance.now();
  while (child.isSupervised && performance.now() - started < START_TIMEOUT_MS) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return true;
    await delay(POLL_MS);
  }
  return false;
}
