import { setTimeout as delay } from 'node:timers/promises';
import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { type TestCluster } from './cluster';

/** What the autoscaler needs of a node that it made; `NodeAgent` is one. */
export interface ScaledNode {
  name: string;
  remove: () => Promise<void>;
}

export interface ScaledPool {
  /** The value of the pool label that pods select. */
  pool: string;
  /** May be changed at any time; 0 is a pool that is out of stock. */
  maximum: number;
  /** Makes a node of the pool, with its label and taints. */
  makeNode: () => Promise<ScaledNode>;
}

export interface AutoscalerSettings {
  pools: ScaledPool[];
  /** Default `attune.dev/pool`. */
  poolLabel?: string;
  /** How long a node takes to come; default 0. */
  bootMs?: number;
  /** How long a node stays without a pod, once it has had one; default 10 s. */
  idleMs?: number;
}

const EVERY_MS = 250;
/** A node that has not had a pod yet is given at least this long: the pod that it was made for is on its way. */
const UNUSED_MS = 30_000;

/**
 * What a cluster autoscaler does, without its arithmetic: a pod that the scheduler finds no node for and that selects a
 * pool gets a node of it, up to the pool's maximum; a node that stands empty is removed.
 */
export class FakeAutoscaler {
  private readonly core: CoreV1Api;
  private readonly stopping = new AbortController();
  private readonly nodes = new Map<string, { pool: string; node: ScaledNode; emptySince: number }>();
  /** Nodes that were ordered and are not there yet. */
  private readonly coming = new Map<string, number>();
  private readonly work: Promise<void>;
  private readonly boots = new Set<Promise<void>>();

  constructor(
    cluster: TestCluster,
    private readonly settings: AutoscalerSettings,
  ) {
    this.core = cluster.client(CoreV1Api);
    this.work = this.keepScaling();
    cluster.beforeStop(() => this.stop());
  }

  /** The names of a pool's nodes. */
  nodesOf(pool: string): string[] {
    return [...this.nodes].filter(([, entry]) => entry.pool === pool).map(([name]) => name);
  }

  /** Nothing is added or removed any more; the nodes stay. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.work;
    await Promise.all(this.boots);
  }

  private get idleMs(): number {
    return this.settings.idleMs ?? 10_000;
  }

  private async keepScaling(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // The API server may be away for a while.
      await this.scale().catch(() => undefined);
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async scale(): Promise<void> {
    const { items } = await this.core.listPodForAllNamespaces();
    const pods = items.filter(({ status }) => status?.phase === 'Pending' || status?.phase === 'Running');
    await this.removeIdle(pods);
    for (const pool of this.settings.pools) this.growFor(pool, pods);
  }

  private growFor({ pool, maximum, makeNode }: ScaledPool, pods: readonly V1Pod[]): void {
    const label = this.settings.poolLabel ?? 'attune.dev/pool';
    const waiting = pods.filter((pod) => isUnschedulable(pod) && pod.spec?.nodeSelector?.[label] === pool).length;
    const names = this.nodesOf(pool);
    const empty = names.filter((name) => !pods.some(({ spec }) => spec?.nodeName === name)).length;
    const coming = this.coming.get(pool) ?? 0;
    const wanted = Math.min(waiting - empty - coming, maximum - names.length - coming);
    for (let added = 0; added < wanted; added++) {
      const boot = this.boot(pool, makeNode).finally(() => this.boots.delete(boot));
      this.boots.add(boot);
    }
  }

  private async boot(pool: string, makeNode: () => Promise<ScaledNode>): Promise<void> {
    this.coming.set(pool, (this.coming.get(pool) ?? 0) + 1);
    try {
      await delay(this.settings.bootMs ?? 0, undefined, { signal: this.stopping.signal });
      const node = await makeNode();
      const graceMs = Math.max(0, UNUSED_MS - this.idleMs);
      this.nodes.set(node.name, { pool, node, emptySince: performance.now() + graceMs });
    } catch {
      // Stopped, or the API server is away: the pod still waits, so the next round tries again.
    } finally {
      this.coming.set(pool, (this.coming.get(pool) ?? 1) - 1);
    }
  }

  private async removeIdle(pods: readonly V1Pod[]): Promise<void> {
    const now = performance.now();
    for (const [name, entry] of this.nodes) {
      if (pods.some(({ spec, status }) => spec?.nodeName === name || status?.nominatedNodeName === name))
        entry.emptySince = now;
      if (now - entry.emptySince < this.idleMs) continue;
      await entry.node.remove();
      this.nodes.delete(name);
    }
  }
}

function isUnschedulable({ spec, status }: V1Pod): boolean {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const isWaiting = scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
  // A nominated pod will get a node that another pod is being preempted from.
  return spec?.nodeName === undefined && isWaiting && (status?.nominatedNodeName ?? '') === '';
}
