import type { Database } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type Plan, type RunId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { eventually } from '@attune/testing';
import { priorityClass, startNode, type NodeAgent, type NodeSettings, type TestCluster } from '@attune/testing-cluster';
import { AttemptsService } from '../../runs/attempts.service';
import { CancellationsRepository } from '../../runs/cancellations.repository';
import { RunAnnouncements } from '../../runs/run-announcements';
import { RunCancellationsService } from '../../runs/run-cancellations.service';
import { RunFeedRepository } from '../../runs/run-feed.repository';
import type { Run } from '../../runs/run';
import { RunsRepository } from '../../runs/runs.repository';
import type { Executor } from '../../starts/executor';
import { Blueprint } from '../../starts/kubernetes/blueprint';
import { KubernetesExecutor } from '../../starts/kubernetes/kubernetes-executor';
import { usualTimings, type KubernetesExecutorSettings } from '../../starts/kubernetes/settings';
import { QueueRepository } from '../../starts/queue.repository';
import { Starter } from '../../starts/starter';
import { aNewRun } from '../new-run';

export const NAMESPACE = 'training';
export const IMAGE = 'example.com/runner:1';

/** As k8s/base/training/job.yaml, as far as an executor is concerned. */
export const BLUEPRINT = `
apiVersion: batch/v1
kind: Job
metadata:
  name: run-\${runId}-\${start}
  labels: &labels
    app.kubernetes.io/part-of: attune
    attune.dev/run: '\${runId}'
    attune.dev/start: '\${start}'
    attune.dev/organization: '\${organizationId}'
spec:
  backoffLimit: 0
  activeDeadlineSeconds: \${maxSeconds}
  template:
    metadata: { labels: *labels }
    spec:
      restartPolicy: Never
      priorityClassName: \${priorityClass}
      terminationGracePeriodSeconds: 120
      nodeSelector: { attune.dev/pool: '\${pool}' }
      containers:
        - name: runner
          image: \${image}
          env:
            - { name: TRAINER_URL, value: '\${trainerUrl}' }
            - { name: RUN_ID, value: '\${runId}' }
            - { name: RUN_TOKEN, valueFrom: { secretKeyRef: { name: 'run-\${runId}-\${start}', key: token } } }
          resources: { limits: { '\${gpuResource}': \${gpuCount} } }
`;

export const settings: KubernetesExecutorSettings = {
  namespace: NAMESPACE,
  blueprintFile: '',
  runnerImage: IMAGE,
  trainerUrl: 'http://trainer:8083',
  maxSeconds: 3600,
  kueueQueue: null,
  sharing: {
    pools: [
      { name: 'spot', resource: 'example.com/gpu', spot: true, slots: 1 },
      { name: 'lasting', resource: 'example.com/gpu', spot: false, slots: 1 },
    ],
    accelerators: { gpu: { resource: 'example.com/gpu', count: 1 } },
    priorityClasses: { gold: 'gold', enterprise: 'enterprise', protected: 'protected' },
    spotPreemptions: 2,
    protectedForMs: 3_600_000,
  },
  timings: { ...usualTimings, unknownForMs: 1000, secretMissingForMs: 2000, imageMissingForMs: 2000 },
};

const trainerSettings = {
  leaseMs: 60_000,
  claimWithinMs: 60_000,
  reconcileEveryMs: 60_000,
  evaluationReminderMs: 60_000,
  maxFailedAttempts: 3,
};

/** The namespace and the classes that the trainer expects. */
export async function prepare(cluster: TestCluster): Promise<void> {
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    priorityClass('gold', 100, 'Never'),
    priorityClass('enterprise', 200, 'PreemptLowerPriority'),
    priorityClass('protected', 200, 'Never'),
  );
}

/** A machine with one accelerator that runs `script` in place of the runner: until it is told to end, if nothing else is said. */
export function machine(
  cluster: TestCluster,
  pool: string,
  script = 'trap "exit 75" TERM; sleep 600 & wait',
  more: Partial<NodeSettings> = {},
): Promise<NodeAgent> {
  return startNode(cluster, {
    labels: { 'attune.dev/pool': pool },
    allocatable: { 'example.com/gpu': '1' },
    commands: { [IMAGE]: () => ({ command: '/bin/sh', args: ['-c', script], env: {} }) },
    ...more,
  });
}

export function openExecutor(
  cluster: Pick<TestCluster, 'kubeConfig'>,
  changes: Partial<KubernetesExecutorSettings> = {},
): KubernetesExecutor {
  const blueprint = Blueprint.parse(BLUEPRINT, NAMESPACE);
  return new KubernetesExecutor(
    { ...settings, ...changes },
    cluster.kubeConfig(),
    blueprint,
    createLogger('test', process.env.ATTUNE_TEST_LOG ?? 'silent'),
  );
}

/** One of the trainers of a database, as far as it starts runs; its passes are driven by what it sees and by a clock. */
export class ClusterTrainer<E extends Executor = KubernetesExecutor> {
  readonly starter: Starter;
  readonly runs: RunsRepository;
  private readonly cancellations: RunCancellationsService;
  private readonly queue: QueueRepository;
  private readonly ticking: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    readonly executor: E,
  ) {
    const feed = new RunFeedRepository(database);
    const cancelled = new CancellationsRepository(database);
    this.runs = new RunsRepository(database);
    this.queue = new QueueRepository(database);
    const announcements = new RunAnnouncements(new Outbox('training'), this.runs, feed);
    const attempts = new AttemptsService(this.runs, announcements, trainerSettings);
    this.cancellations = new RunCancellationsService(database, this.runs, cancelled, announcements);
    this.starter = new Starter(
      database,
      this.runs,
      this.queue,
      attempts,
      announcements,
      cancelled,
      this.cancellations,
      executor,
      trainerSettings,
      createLogger('test', process.env.ATTUNE_TEST_LOG ?? 'silent'),
    );
    executor.onChange(() => this.starter.wake());
    this.ticking = setInterval(() => this.starter.wake(), 500);
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    clearInterval(this.ticking);
    await this.starter.stop();
    await this.executor.shutdown(1000);
  }

  async request(plan: Plan = 'gold', accelerator: string | null = null): Promise<RunId> {
    const organizationId = newId<OrganizationId>();
    const modelId = Math.floor(Math.random() * 1e9) as ModelId;
    const run = aNewRun(organizationId, { modelId, accelerator });
    await this.database.runInTransaction('system', async (tx) => {
      await this.queue.applyEntitlement(tx, organizationId, { plan, liveRuns: 10, revision: 1 });
      await this.runs.insert(tx, run);
    });
    return run.runId;
  }

  async cancel(runId: RunId): Promise<void> {
    const { organizationId, modelId } = await this.find(runId);
    await this.database.runInTransaction('system', (tx) =>
      this.cancellations.requestCancel(tx, { organizationId, modelId, runId }),
    );
  }

  async find(runId: RunId): Promise<Run> {
    const run = await this.runs.find(runId);
    if (!run) throw new Error('no such run');
    return run;
  }

  async reaches(runId: RunId, wanted: Partial<Run>, timeoutMs = 60_000): Promise<Run> {
    return eventually(
      async () => {
        const run = await this.find(runId);
        expect(run).toMatchObject(wanted);
        return run;
      },
      { timeoutMs },
    );
  }

  /** Lines of the run's log, as its owner reads them. */
  async linesOf(runId: RunId): Promise<string[]> {
    const rows = await this.database.query<{ message: string }>(
      'system',
      `SELECT message FROM run_event WHERE run_id = $1 AND type = 'log' ORDER BY position`,
      [runId],
    );
    return rows.map(({ message }) => message);
  }
}

/** Resolves once the executor knows the cluster's state, or knows that it does not. */
export async function readiness(executor: KubernetesExecutor, isReady: boolean): Promise<void> {
  await eventually(
    () => {
      expect(executor.isReady()).toBe(isReady);
      return Promise.resolve();
    },
    { timeoutMs: 60_000 },
  );
}
