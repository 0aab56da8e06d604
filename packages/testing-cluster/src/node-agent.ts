import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiException,
  CoordinationV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  type V1Taint,
} from '@kubernetes/client-node';
import { type TestCluster } from './cluster';
import { keepWatching } from './keep-watching';
import { PodRunner, type CommandTable } from './pod-runner';

export interface NodeSettings {
  /** Default: a name that no other node has. */
  name?: string;
  labels?: Record<string, string>;
  taints?: V1Taint[];
  /** Added to the default of 8 CPUs, 64 GiB, 200 GiB of disk and 50 pods, for example `nvidia.com/gpu: "1"`. */
  allocatable?: Record<string, string>;
  commands?: CommandTable;
  /** Images that cannot be pulled. */
  absentImages?: readonly string[];
}

const HEARTBEAT_MS = 2_000;
const LEASE_NAMESPACE = 'kube-node-lease';
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);

/**
 * A node that runs its pods' commands as processes of this host, and else does what a kubelet does: lease, conditions,
 * phases, exit codes, SIGTERM and SIGKILL. Not done: isolation of any kind (users, limits, read-only files, networks),
 * probes and hooks, and pods of more than one container.
 */
export class NodeAgent {
  readonly absentImages: Set<string>;
  private readonly pods = new Map<string, PodRunner>();
  private readonly stopping = new AbortController();
  private readonly core: CoreV1Api;
  private readonly leases: CoordinationV1Api;
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cluster: TestCluster,
    readonly name: string,
    private readonly settings: NodeSettings,
  ) {
    this.absentImages = new Set(settings.absentImages);
    this.core = cluster.client(CoreV1Api);
    this.leases = cluster.client(CoordinationV1Api);
  }

  /** Registers the node and serves it from here on; resolves when pods may come. */
  async start(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const { labels = {}, taints = [], allocatable = {} } = this.settings;
    const resources = { cpu: '8', memory: '64Gi', 'ephemeral-storage': '200Gi', pods: '50', ...allocatable };
    await this.core.createNode({
      body: {
        metadata: { name: this.name, labels: { 'kubernetes.io/hostname': this.name, ...labels } },
        spec: { taints },
      },
    });
    const status = { capacity: resources, allocatable: resources, ...this.readiness() };
    await this.core.patchNodeStatus({ name: this.name, body: { status } }, MERGE);
    const spec = { holderIdentity: this.name, leaseDurationSeconds: 40 };
    await this.leases.createNamespacedLease({
      namespace: LEASE_NAMESPACE,
      body: { metadata: { name: this.name }, spec },
    });
    this.cluster.beforeStop(() => this.crash());
    this.work = Promise.all([this.keepLease(), this.followPods()]);
  }

  /** The process of a pod's container, null before and after; a pod is named as `name` or `namespace/name`. */
  pid(pod: string): number | null {
    return this.find(pod)?.pid ?? null;
  }

  /** Everything that a pod's container has written. */
  log(pod: string): string {
    const file = this.find(pod)?.logFile;
    return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Kills a pod's container as the kernel does when memory is short. */
  outOfMemory(pod: string): void {
    const runner = this.find(pod);
    if (runner === undefined) throw new Error(`no pod ${pod} on ${this.name}`);
    runner.killForMemory();
  }

  /** The machine is switched off: its processes are gone, its Node object stays and goes stale. */
  async crash(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.pods.values()].map((pod) => pod.vanish()));
    await this.work;
  }

  /** The machine is switched off and taken out of the cluster. */
  async remove(): Promise<void> {
    await this.crash();
    await this.core.deleteNode({ name: this.name }).catch((error: unknown) => {
      if (!(error instanceof ApiException) || error.code !== 404) throw error;
    });
  }

  private get directory(): string {
    return join(this.cluster.directory, 'nodes', this.name);
  }

  private find(pod: string): PodRunner | undefined {
    const keys = [...this.pods.keys()].filter((key) => {
      const [namespace, name] = key.split('/');
      return pod === name || pod === `${namespace ?? ''}/${name ?? ''}`;
    });
    // The newest of several that had the same name.
    return this.pods.get(keys.at(-1) ?? '');
  }

  private readiness(): { conditions: object[] } {
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'runs processes of the host' };
    return { conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }] };
  }

  private async keepLease(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const renewTime = new Date().toISOString().replace('Z', '000Z');
      const lease = { namespace: LEASE_NAMESPACE, name: this.name, body: { spec: { renewTime } } };
      await Promise.all([
        this.leases.patchNamespacedLease(lease, MERGE),
        this.core.patchNodeStatus({ name: this.name, body: { status: this.readiness() } }, MERGE),
      ]).catch(() => undefined); // The API may be away; the next beat tells it.
      await delay(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private followPods(): Promise<void> {
    const fieldSelector = `spec.nodeName=${this.name}`;
    return keepWatching<V1Pod>(
      this.cluster.kubeConfig(),
      {
        path: '/api/v1/pods',
        fieldSelector,
        list: () => this.core.listPodForAllNamespaces({ fieldSelector }),
        onChange: (key, pod) => this.onPod(key, pod),
      },
      this.stopping.signal,
    );
  }

  private onPod(key: string, pod: V1Pod | null): void {
    let runner = this.pods.get(key);
    if (pod === null) {
      // Removed by force, or by us.
      void runner?.vanish();
      return;
    }
    if (runner === undefined) {
      const directory = join(this.directory, key.replaceAll('/', '_'));
      const { core, absentImages } = this;
      runner = new PodRunner(pod, { core, absentImages, directory, commands: this.settings.commands ?? {} });
      this.pods.set(key, runner);
    }
    if (pod.metadata?.deletionTimestamp !== undefined)
      void runner.terminate(pod.metadata.deletionGracePeriodSeconds ?? 0);
  }
}

/** Adds a node to the cluster. It ends with the cluster, or with `remove`. */
export async function startNode(cluster: TestCluster, settings: NodeSettings = {}): Promise<NodeAgent> {
  const agent = new NodeAgent(cluster, settings.name ?? `node-${randomBytes(4).toString('hex')}`, settings);
  await agent.start();
  return agent;
}
