import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, isAlive, run } from '@attune/embedded';
import {
  ApiextensionsV1Api,
  dumpYaml,
  KubeConfig,
  type ApiConstructor,
  type ApiType,
  type KubernetesObject,
  type V1CustomResourceDefinitionStatus,
} from '@kubernetes/client-node';
import { ClusterGuard } from './cluster-guard';
import { podsThatRunOn } from './fake-stages';
import { ensureTools, toolPath, toolVersion } from './tools';

/** A process of the control plane. */
export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok-controller';

export interface ClusterSettings {
  /** How long a node may be silent before its pods are evicted; default 40 s, as in a cluster that nobody has tuned. */
  nodeGraceSeconds?: number;
  /** Job pods on fake nodes run until they are deleted or somebody changes their status, instead of completing at once. */
  fakePodsRunOn?: boolean;
}

const NAME = 'test';
const START_ATTEMPTS = 3;
const PATIENCE_MS = 60_000;
/** What has to run for a pod to be started; kwok's own is needed for fake nodes alone. */
const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
const PORTS = [
  'etcdPort',
  'etcdPeerPort',
  'kubeApiserverPort',
  'kubeControllerManagerPort',
  'kubeSchedulerPort',
  'kwokControllerPort',
];

/**
 * A Kubernetes control plane of its own: etcd, API server with admission and RBAC, controller manager, scheduler, and kwok
 * for nodes that are annotated `kwok.x-k8s.io/node: fake` (their pods are said to run, and Job pods there complete at
 * once). All on loopback ports and in one temporary folder; nothing survives `stop` or this process.
 */
export class TestCluster {
  private readonly users: (() => Promise<void>)[] = [];

  constructor(
    /** Everything that belongs to this cluster lies here, node agents' files too, until it stops. */
    readonly directory: string,
    private readonly guard: ClusterGuard,
  ) {}

  /** The administrator's kubeconfig file. */
  get kubeconfig(): string {
    return join(this.stateDirectory, 'kubeconfig.yaml');
  }

  /** A client of one API group, for example `cluster.client(CoreV1Api)`. */
  client<T extends ApiType>(api: ApiConstructor<T>): T {
    return this.kubeConfig().makeApiClient(api);
  }

  kubeConfig(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromFile(this.kubeconfig);
    return config;
  }

  /** Runs kubectl as administrator and answers what it wrote; throws when it fails. */
  kubectl(args: readonly string[], input = ''): Promise<string> {
    return runWithInput(toolPath('kubectl'), [`--kubeconfig=${this.kubeconfig}`, ...args], input, {
      HOME: this.directory,
    });
  }

  /**
   * Creates objects or changes what differs, as `kubectl apply --server-side` does; definitions of kinds come first and
   * are waited for.
   */
  async apply(...objects: readonly object[]): Promise<void> {
    const isDefinition = (object: KubernetesObject): boolean => object.kind === 'CustomResourceDefinition';
    const definitions = objects.filter(isDefinition);
    const others = objects.filter((object) => !isDefinition(object));
    await this.applyAll(definitions);
    if (definitions.length > 0) await this.untilEstablished();
    await this.applyAll(others);
  }

  /**
   * Resolves when the API server serves every definition that it has. Not `kubectl wait`: it fails on one that has no condition yet.
   * Throws after a minute.
   */
  async untilEstablished(): Promise<void> {
    const api = this.client(ApiextensionsV1Api);
    await untilNothingIsMissing(async () => {
      const { items } = await api.listCustomResourceDefinition();
      const open = items.filter(({ status }) => !isEstablished(status));
      return open.length === 0 ? null : `not established: ${open.map(({ metadata }) => metadata?.name).join(', ')}`;
    });
  }

  /**
   * Resolves when the API server is ready. Throws where it is not within a minute, and at once where a component does not run: kwokctl
   * takes both for a cluster that has started.
   */
  async untilRuns(): Promise<void> {
    await untilNothingIsMissing(() => {
      for (const component of CONTROL_PLANE) this.pid(component);
      return this.kubectl(['get', '--raw', '/readyz']).then(
        () => null,
        () => 'the API server does not become ready',
      );
    });
  }

  /** A component's process id; throws when it does not run. */
  pid(component: Component): number {
    const pid = Number(readFileSync(this.pidFile(component), 'utf8'));
    if (!isAlive(pid)) throw new Error(`${component} does not run`);
    return pid;
  }

  /** SIGKILL; `revive` brings it back. */
  async crash(component: Component): Promise<void> {
    const pid = this.pid(component);
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await delay(10);
    // kwokctl takes a process that is dead, but not yet collected, for a running one.
    await rm(this.pidFile(component));
  }

  /** SIGSTOP: connections stay open and nobody answers. */
  freeze(component: Component): void {
    process.kill(this.pid(component), 'SIGSTOP');
  }

  thaw(component: Component): void {
    process.kill(this.pid(component), 'SIGCONT');
  }

  /** Starts the components that do not run, at the ports they had. */
  async revive(): Promise<void> {
    await kwokctl(this.directory, ['start', 'cluster', '--wait', '60s']);
    await this.untilRuns();
  }

  /** What a component has written, for the message of a test that fails. */
  log(component: Component): string {
    const file = join(this.stateDirectory, 'logs', `${component}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Runs before the control plane ends, with the others of its kind: for whatever talks to it from this process. */
  beforeStop(end: () => Promise<void>): void {
    this.users.push(end);
  }

  /** Ends it, its nodes and all that they run, and removes its files. */
  async stop(): Promise<void> {
    await Promise.all(this.users.splice(0).map((end) => end()));
    await this.guard.end();
  }

  private async applyAll(items: readonly object[]): Promise<void> {
    if (items.length === 0) return;
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await this.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
  }

  private get stateDirectory(): string {
    return join(this.directory, 'clusters', NAME);
  }

  private pidFile(component: Component): string {
    return join(this.stateDirectory, 'pids', `${component}.pid`);
  }
}

/** Boots a control plane in about 4 s, from tools that are built the first time. Several may exist side by side. */
export async function startCluster(settings: ClusterSettings = {}): Promise<TestCluster> {
  await ensureTools();
  for (let attempt = 1; ; attempt++) {
    try {
      return await boot(settings);
    } catch (error) {
      // A port that was free may be taken by the time that it is used.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function boot(settings: ClusterSettings): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'attune-test-cluster-'));
  const guard = new ClusterGuard(directory);
  try {
    const config = join(directory, 'kwokctl.yaml');
    const stages = settings.fakePodsRunOn === true ? podsThatRunOn : [];
    const documents = [await configuration(settings), ...stages];
    await writeFile(config, documents.map((document) => dumpYaml(document)).join('---\n'));
    await kwokctl(directory, ['create', 'cluster', '--config', config, '--wait', '60s']);
    await mkdir(join(directory, 'nodes'));
    const cluster = new TestCluster(directory, guard);
    await cluster.untilRuns();
    return cluster;
  } catch (error) {
    await guard.end();
    throw error;
  }
}

async function configuration({ nodeGraceSeconds = 40 }: ClusterSettings): Promise<object> {
  const ports = await Promise.all(PORTS.map(async (name) => [name, await freePort()] as const));
  return {
    apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
    kind: 'KwokctlConfiguration',
    options: {
      runtime: 'binary',
      kubeVersion: toolVersion('kubernetes'),
      bindAddress: '127.0.0.1',
      kubeAuthorization: true,
      kubeAdmission: true,
      kubeControllerManagerNodeMonitorGracePeriodMilliseconds: nodeGraceSeconds * 1000,
      // The grace period is what was asked for.
      heartbeatFactor: 1,
      ...Object.fromEntries(ports),
      etcdBinary: toolPath('etcd'),
      kubeApiserverBinary: toolPath('kube-apiserver'),
      kubeControllerManagerBinary: toolPath('kube-controller-manager'),
      kubeSchedulerBinary: toolPath('kube-scheduler'),
      kubectlBinary: toolPath('kubectl'),
      kwokControllerBinary: toolPath('kwok'),
    },
    componentsPatches: [
      // The files need not outlive the machine.
      { name: 'etcd', extraArgs: [{ key: 'unsafe-no-fsync', value: 'true' }] },
      // There is one of each, and one that loses an election, to an API server that is away for ten seconds, ends for good.
      ...['kube-controller-manager', 'kube-scheduler'].map((name) => ({
        name,
        extraArgs: [{ key: 'leader-elect', value: 'false' }],
      })),
      {
        name: 'kwok-controller',
        // By itself it would complete the pods that a node agent runs.
        extraArgs: [
          { key: 'manage-all-nodes', value: 'false', override: true },
          { key: 'manage-nodes-with-annotation-selector', value: 'kwok.x-k8s.io/node=fake' },
        ],
      },
    ],
  };
}

/** Asks until the answer is null. Throws what `ask` throws, and after a minute what it answers then. */
async function untilNothingIsMissing(ask: () => Promise<string | null>): Promise<void> {
  const started = performance.now();
  for (let missing = await ask(); missing !== null; missing = await ask()) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(missing);
    await delay(100);
  }
}

function isEstablished(status: V1CustomResourceDefinitionStatus | undefined): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false;
}

function kwokctl(directory: string, args: readonly string[]): Promise<string> {
  return run(toolPath('kwokctl'), ['--name', NAME, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      KWOK_WORKDIR: directory,
      KUBECONFIG: join(directory, 'kwokctl-contexts.yaml'),
    },
  });
}

function runWithInput(
  command: string,
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(stdout);
      else reject(new Error(`kubectl ${args.slice(1).join(' ')} failed: ${stderr.trim()}`));
    });
    // A kubectl that ended early does not read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
