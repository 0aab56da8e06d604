import { readdirSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProgramFailed, run, superviseChild, type SupervisedChild } from '@attune/embedded';
import { eventually } from '@attune/testing';
import type { TestCluster } from './cluster';
import { definitionDirectory, isBuilt, type ToolName } from './tools';

/** A third party's controller, run as a host process beside the control plane; it ends with the cluster. */
export interface Operator {
  /** All that it wrote so far. */
  log: () => Promise<string>;
  stop: () => Promise<void>;
}

/** Tests need the processor more than it. */
const NICENESS = '5';
const START_TIMEOUT_MS = 60_000;

/** Whether an operator's program is in the cache. A single line says so where it is not: its tests are left out then. */
export function hasOperator(name: Extract<ToolName, 'kueue' | 'keda'>): boolean {
  if (isBuilt(name)) return true;
  process.stderr.write(
    `${name} is not in the cache: its tests are left out. node packages/testing-cluster/dist/build-tools.js ${name} builds it.\n`,
  );
  return false;
}

/** Files of a tool's own Go module, as its version in `tools/` has them: it carries its custom resource definitions. */
export async function moduleFiles(name: ToolName, module: string): Promise<string> {
  // -mod=mod would change go.mod; the checksums there are those that the program was built with.
  const answer = await run('go', ['list', '-m', '-mod=readonly', '-f', '{{.Dir}}', module], {
    cwd: definitionDirectory(name),
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '' },
  });
  return answer.trim();
}

/** Applies custom resource definitions and waits until the API server serves them. */
export async function applyDefinitions(cluster: TestCluster, directory: string): Promise<void> {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  const named = files.flatMap((file) => ['-f', join(directory, file)]);
  // Client-side would keep each of them a second time in an annotation, and some are too large for one.
  await cluster.kubectl(['apply', '--server-side', ...named]);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...named]);
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
  cluster.beforeStop(() => child.stop());
  const log = (): Promise<string> => readFile(logFile, 'utf8');
  await eventually(() => checkReady(child, more.readyUrl), { timeoutMs: START_TIMEOUT_MS, everyMs: 100 }).catch(
    async (error: unknown) => {
      await child.stop();
      throw new ProgramFailed(`${name} (${String(error)})`, child.lastExit?.status ?? null, await log());
    },
  );
  return { log, stop: () => child.stop() };
}

async function checkReady(child: SupervisedChild, url: string): Promise<void> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`not ready: ${String(answer.status)}`);
  if (!child.isSupervised) throw new Error('it has ended');
}
