import {
  ApiException,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  type KubernetesListObject,
  type V1Job,
  type V1Pod,
  type V1ResourceQuota,
} from '@kubernetes/client-node';
import { inTime } from '@attune/kernel';
import { TOKEN_KEY } from './blueprint';
import { countCall } from './executor-metrics';

/** The client waits for ever for a server that has gone without a word. */
export const NO_ANSWER = 'the cluster did not answer in time';
const CALL_MS = 20_000;

/** What of the namespace is the trainer's. */
export const RUN_SELECTOR = 'app.kubernetes.io/part-of=attune,attune.dev/run';

/** The calls that the executor makes, each counted. The trainer's Role allows these and no others: see k8s/base/training. */
export class ClusterApi {
  private readonly batch: BatchV1Api;
  private readonly core: CoreV1Api;

  constructor(
    config: KubeConfig,
    private readonly namespace: string,
  ) {
    this.batch = config.makeApiClient(BatchV1Api);
    this.core = config.makeApiClient(CoreV1Api);
  }

  listJobs(): Promise<KubernetesListObject<V1Job>> {
    return this.batch.listNamespacedJob({ namespace: this.namespace, labelSelector: RUN_SELECTOR });
  }

  listPods(): Promise<KubernetesListObject<V1Pod>> {
    return this.core.listNamespacedPod({ namespace: this.namespace, labelSelector: RUN_SELECTOR });
  }

  listQuotas(): Promise<KubernetesListObject<V1ResourceQuota>> {
    return this.core.listNamespacedResourceQuota({ namespace: this.namespace });
  }

  /** Null where there is none. */
  readJob(name: string): Promise<V1Job | null> {
    return this.call('get', 'jobs', () => this.batch.readNamespacedJob({ namespace: this.namespace, name }), null, 404);
  }

  /** Null where one of this name is there already. */
  createJob(body: V1Job): Promise<V1Job | null> {
    return this.call(
      'create',
      'jobs',
      () => this.batch.createNamespacedJob({ namespace: this.namespace, body }),
      null,
      409,
    );
  }

  /** The token of a start, for its Job's pod alone; it goes with the Job. One that is there already is this one. */
  async createToken(job: V1Job, token: string): Promise<void> {
    const name = job.metadata?.name ?? '';
    const body = {
      metadata: {
        name,
        ...(job.metadata?.labels ? { labels: job.metadata.labels } : {}),
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata?.uid ?? '' }],
      },
      type: 'Opaque',
      immutable: true,
      stringData: { [TOKEN_KEY]: token },
    };
    await this.call(
      'create',
      'secrets',
      () => this.core.createNamespacedSecret({ namespace: this.namespace, body }),
      null,
      409,
    );
  }

  /** The garbage collector ends its pods, with their own grace period. */
  async deleteJob(name: string): Promise<void> {
    const request = { namespace: this.namespace, name, propagationPolicy: 'Background' };
    await this.call('delete', 'jobs', () => this.batch.deleteNamespacedJob(request), null, 404);
  }

  async deletePod(name: string, gracePeriodSeconds: number): Promise<void> {
    const request = { namespace: this.namespace, name, gracePeriodSeconds };
    await this.call('delete', 'pods', () => this.core.deleteNamespacedPod(request), null, 404);
  }

  /** Why a Job has no pod, as its controller last said; null when it has said nothing. */
  async readRefusal(job: V1Job): Promise<string | null> {
    const fieldSelector = `involvedObject.uid=${job.metadata?.uid ?? ''},reason=FailedCreate`;
    const { items } = await this.call('list', 'events', () =>
      this.core.listNamespacedEvent({ namespace: this.namespace, fieldSelector }),
    );
    return items.at(-1)?.message ?? null;
  }

  private async call<T>(verb: string, resource: string, fn: () => Promise<T>): Promise<T>;
  private async call<T>(
    verb: string,
    resource: string,
    fn: () => Promise<T>,
    other: null,
    code: number,
  ): Promise<T | null>;
  private async call<T>(verb: string, resource: string, fn: () => Promise<T>, other?: null, code?: number) {
    countCall(verb, resource);
    try {
      return await inTime(fn(), CALL_MS, NO_ANSWER);
    } catch (error) {
      if (other === null && error instanceof ApiException && error.code === code) return other;
      throw withReason(error);
    }
  }
}

/** The client's own message holds the whole answer with its headers. */
function withReason(error: unknown): unknown {
  if (!(error instanceof ApiException)) return error;
  const body: unknown = error.body;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 300);
  return new Error(`the cluster answered ${String(error.code)}: ${message}`, { cause: error });
}
