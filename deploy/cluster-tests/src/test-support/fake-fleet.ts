import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CoreV1Api,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type Informer,
  type V1Pod,
} from '@kubernetes/client-node';
import { eventually } from '@attune/testing';
import type { TestCluster } from '@attune/testing-cluster';
import { TRAINING_NAMESPACE } from './cluster-lab';

const NEVER_TRAINED = 'The recordings are silent.';
const DATA_FAULT = 65;
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);

/**
 * Nodes of kwok, whose pods are said to run, and this process in place of all their runners: each claims its run with its
 * token, holds its machine for a while, and gives the run up because of its data, the cheapest true end of a run.
 */
export class FakeFleet {
  /** When the pods started and when they ended, in their order; `performance.now()`. */
  readonly startedAt: number[] = [];
  readonly endedAt: number[] = [];
  /** What went wrong here. */
  readonly problems: unknown[] = [];
  trainerUrl = '';
  private readonly core: CoreV1Api;
  private readonly pods: Informer<V1Pod>;
  private readonly known = new Set<string>();
  private isStopped = false;

  constructor(
    private readonly cluster: TestCluster,
    /** How long each holds its machine. */
    private readonly holdMs: { min: number; max: number },
  ) {
    this.core = cluster.client(CoreV1Api);
    const list = () => this.core.listNamespacedPod({ namespace: TRAINING_NAMESPACE });
    this.pods = makeInformer(cluster.kubeConfig(), `/api/v1/namespaces/${TRAINING_NAMESPACE}/pods`, list);
    for (const verb of ['add', 'update'] as const) this.pods.on(verb, (pod) => this.onPod(pod));
    this.pods.on('error', () => {
      if (!this.isStopped) void this.pods.start();
    });
  }

  /** Adds the nodes, of one GPU each, and begins to play their runners. */
  async start(nodes: number, pool: string): Promise<void> {
    const resources = { cpu: '8', memory: '64Gi', 'ephemeral-storage': '200Gi', pods: '10', 'nvidia.com/gpu': '1' };
    await this.cluster.apply(
      ...Array.from({ length: nodes }, (_, index) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name: `fake-${String(index)}`,
          labels: { 'attune.dev/pool': pool },
          annotations: { 'kwok.x-k8s.io/node': 'fake' },
        },
        spec: { taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }] },
        status: { allocatable: resources, capacity: resources },
      })),
    );
    await this.pods.start();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return this.pods.stop();
  }

  private onPod(pod: V1Pod): void {
    const uid = pod.metadata?.uid ?? '';
    if (pod.status?.phase !== 'Running' || this.known.has(uid)) return;
    this.known.add(uid);
    this.play(pod).catch((error: unknown) => this.problems.push(error));
  }

  private async play(pod: V1Pod): Promise<void> {
    const env = new Map(pod.spec?.containers[0]?.env?.map(({ name, value = '' }) => [name, value]));
    const [runId = '', start = ''] = [env.get('RUN_ID'), env.get('RUN_START')];
    this.trainerUrl = env.get('TRAINER_URL') ?? '';
    const name = `run-${runId}-${start}`;
    // The Job comes first and its Secret after it: a kubelet, too, starts the container only then.
    const secret = await eventually(() => this.core.readNamespacedSecret({ namespace: TRAINING_NAMESPACE, name }));
    this.startedAt.push(performance.now());
    const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString('utf8');
    const call = async (verb: string, body: object): Promise<{ epoch?: number }> => {
      const answer = await fetch(`${this.trainerUrl}/runner/v1/runs/${runId}/starts/${start}/${verb}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${verb} of ${runId}: ${String(answer.status)} ${await answer.text()}`);
      return (await answer.json()) as { epoch?: number };
    };
    const { epoch } = await call('claim', { owner: randomUUID() });
    await delay(randomInt(this.holdMs.min, this.holdMs.max));
    await call('fail', { epoch, kind: 'data', message: NEVER_TRAINED });
    await this.end(pod);
  }

  /** As a kubelet says it. Its Job may be deleted already, and its pod with it. */
  private async end(pod: V1Pod): Promise<void> {
    this.endedAt.push(performance.now());
    const [container] = pod.spec?.containers ?? [];
    const now = new Date().toISOString();
    const terminated = { exitCode: DATA_FAULT, reason: 'Error', startedAt: now, finishedAt: now };
    const containerStatuses = [
      {
        name: container?.name,
        image: container?.image,
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated },
      },
    ];
    const name = pod.metadata?.name ?? '';
    await this.core
      .patchNamespacedPodStatus(
        { namespace: TRAINING_NAMESPACE, name, body: { status: { phase: 'Failed', containerStatuses } } },
        MERGE,
      )
      .catch(() => undefined);
  }
}
