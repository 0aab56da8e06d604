import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneAdminClient, AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import type { Plan } from '@attune/kernel';
import { readSettings, startPlatform, type Platform } from '@attune/launcher';
import { storeFromConfig, type ObjectStore } from '@attune/storage';
import { eventually, ScriptedEngine, startTestS3, type TestS3 } from '@attune/testing';
import {
  FakeAutoscaler,
  startCluster,
  startNode,
  type AutoscalerSettings,
  type NodeAgent,
  type TestCluster,
} from '@attune/testing-cluster';
import { CoreV1Api } from '@kubernetes/client-node';
import { applyOverlay } from './attune-namespace';
import { Recordings } from './recordings';
import { Rows } from './rows';
import { Customer } from './customer';
import type { LabRun } from './lab-run';

export const TRAINING_NAMESPACE = 'attune-training';
const GPU = 'nvidia.com/gpu';
const RUNNER_IMAGE = 'ghcr.io/attune-asr/runner-cpu:0.1.0';

const root = join(__dirname, '..', '..', '..', '..');

export interface Pool {
  name: string;
  spot?: boolean;
  /** GPUs of all its nodes together. */
  slots: number;
}

export interface LabSettings {
  /** Default: one pool, `gpu-on-demand`, of two GPUs. */
  pools?: readonly Pool[];
  /** What the quota allows; default: what the overlay says. */
  gpus?: number;
  /** How long the scripted engine takes; `real`: the built-in engine and its base. */
  engine?: object | 'real';
  /** What the trainer is told beside where its cluster is. */
  trainer?: Record<string, string>;
  cluster?: Parameters<typeof startCluster>[0];
}

/**
 * The whole platform beside a real control plane: its services as processes of this host with PostgreSQL, NATS and an S3
 * server, its runs as Jobs, whose pods run as processes too. The trainer has the rights of its ServiceAccount only.
 */
export class ClusterLab {
  private readonly nodes: NodeAgent[] = [];
  private readonly recordings: Recordings;

  private constructor(
    private readonly home: string,
    readonly cluster: TestCluster,
    readonly platform: Platform,
    readonly store: ObjectStore,
    readonly rows: Rows,
    private readonly engine: ScriptedEngine | null,
    private readonly s3: TestS3,
  ) {
    this.recordings = new Recordings(join(home, 'recordings'));
  }

  static async open(settings: LabSettings = {}): Promise<ClusterLab> {
    const home = mkdtempSync(join(tmpdir(), 'attune-cluster-lab-'));
    const [cluster, s3] = await Promise.all([startCluster(settings.cluster), startTestS3()]);
    try {
      if (s3 === null) throw new Error('versitygw is needed: install Go, which builds it');
      const engine = settings.engine === 'real' ? null : new ScriptedEngine(home, settings.engine);
      const platform = await startPlatform(await launcherSettings(home, cluster, s3, engine, settings));
      const { endpoint, accessKey, secretKey, region } = s3;
      const store = storeFromConfig({ kind: 's3', bucket: 'attune', endpoint, accessKey, secretKey, region });
      return new ClusterLab(home, cluster, platform, store, new Rows(platform.databaseUrl), engine, s3);
    } catch (error) {
      await Promise.all([cluster.stop(), s3?.stop()]);
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** The platform first: its trainer may still have something to say to the cluster. */
  async close(): Promise<void> {
    await this.platform.stop();
    await Promise.all([this.cluster.stop(), this.s3.stop(), this.rows.close()]);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A node with GPUs whose pods run the built runner. */
  async addNode(pool = 'gpu-on-demand', gpus = 1): Promise<NodeAgent> {
    const node = await startNode(this.cluster, {
      labels: { 'attune.dev/pool': pool },
      taints: [{ key: GPU, value: 'present', effect: 'NoSchedule' }],
      allocatable: { [GPU]: String(gpus) },
      commands: {
        'ghcr.io/attune-asr/runner': () => ({
          command: process.execPath,
          args: [join(root, 'apps', 'trainer', 'dist', 'runner.js')],
          // The built-in engine's environment and base lie in the cache of whoever runs the tests.
          env: { ENGINES: this.engines(), HOME: process.env['HOME'] ?? this.home },
        }),
      },
    });
    this.nodes.push(node);
    return node;
  }

  /** As runners are told of the engines that they have. */
  private engines(): string {
    const builtIn = [join(root, 'apps', 'engine-whisper', 'bin', 'engine-whisper')];
    return JSON.stringify(this.engine ? { scripted: this.engine.command } : { whisper: builtIn });
  }

  /** Adds a node when a pod waits for one of the pool, and removes it when it stands empty. */
  autoscale(pool: string, maximum: number, settings: Omit<AutoscalerSettings, 'pools'> = {}): FakeAutoscaler {
    const makeNode = (): Promise<NodeAgent> => this.addNode(pool);
    return new FakeAutoscaler(this.cluster, { pools: [{ pool, maximum, makeNode }], ...settings });
  }

  /** A new organization of the plan, without limits on how often it may do things. */
  async customer(plan: Plan, liveRuns: number | null = null): Promise<Customer> {
    const admin = new AttuneAdminClient({ baseUrl: this.platform.url, apiKey: keyIn(this.platform.adminKeyFile) });
    const { id } = await admin.organizations.create({
      name: `A customer of ${plan}`,
      plan,
      minimumTrainingSeconds: 1,
      limits: { ...noLimits, live_runs: liveRuns },
    });
    const { key } = await admin.keys.create(id, {
      name: 'tests',
      scopes: ['custom_models:read', 'custom_models:write', 'stt:transcribe'],
    });
    const client = new AttuneClient({ baseUrl: this.platform.url, apiKey: key });
    return new Customer(client, this.rows, this.recordings);
  }

  /** The organization that the launcher made. */
  localCustomer(): Customer {
    const client = new AttuneClient({ baseUrl: this.platform.url, apiKey: keyIn(this.platform.keyFile) });
    return new Customer(client, this.rows, this.recordings);
  }

  /** What the scripted engine does from now on: engines that run have read theirs. */
  script(script: object): void {
    if (this.engine === null) throw new Error('the real engine reads no script');
    this.engine.tell(script);
  }

  /** The trainer's process; null while it is being started again. */
  get trainerPid(): number | null {
    return this.platform.children.get('trainer')?.pid ?? null;
  }

  /** SIGKILL; the launcher starts it again. */
  killTrainer(): void {
    const pid = this.trainerPid;
    if (pid === null) throw new Error('the trainer does not run');
    process.kill(pid, 'SIGKILL');
  }

  /** A process of the platform stands still until the answered function is called. */
  freeze(service: string): () => void {
    const pid = this.platform.children.get(service)?.pid;
    if (pid === undefined || pid === null) throw new Error(`${service} does not run`);
    process.kill(pid, 'SIGSTOP');
    return () => process.kill(pid, 'SIGCONT');
  }

  /** The pod of a run's newest start and the process that runs in it, once there is one. */
  podOf(run: LabRun): Promise<{ name: string; pid: number; node: NodeAgent }> {
    return eventually(
      async () => {
        const start = `attune.dev/run=${run.runId},attune.dev/start=${String((await run.row()).starts)}`;
        const pods = this.cluster.client(CoreV1Api);
        const { items } = await pods.listNamespacedPod({ namespace: TRAINING_NAMESPACE, labelSelector: start });
        const name = items[0]?.metadata?.name ?? '';
        const node = this.nodes.find((one) => one.pid(name) !== null);
        if (node === undefined) throw new Error(`${run.runId} has no process`);
        return { name, node, pid: node.pid(name) ?? 0 };
      },
      { timeoutMs: 60_000, everyMs: 50 },
    );
  }

  /** What a service has written. */
  log(service: string): string {
    return readFileSync(join(this.home, 'attune', 'logs', `${service}.log`), 'utf8');
  }
}

const noLimits = {
  requests_per_minute: null,
  requests_per_hour: null,
  requests_per_day: null,
  concurrent_requests: null,
  models: null,
  model_creations_per_hour: null,
  training_starts_per_hour: null,
  status_checks_per_minute: null,
  data_uploads_per_hour: null,
};

async function launcherSettings(
  home: string,
  cluster: TestCluster,
  s3: TestS3,
  engine: ScriptedEngine | null,
  { pools = [{ name: 'gpu-on-demand', slots: 2 }], gpus, trainer = {} }: LabSettings,
): Promise<ReturnType<typeof readSettings>> {
  const { blueprintFile, kubeconfig } = await applyOverlay(cluster, gpus);
  const ofTrainer = {
    TRAINER_EXECUTOR: 'kubernetes',
    KUBECONFIG: kubeconfig,
    TRAINER_KUBERNETES_NAMESPACE: TRAINING_NAMESPACE,
    TRAINER_KUBERNETES_BLUEPRINT: blueprintFile,
    TRAINER_RUNNER_IMAGE: RUNNER_IMAGE,
    TRAINER_POOLS: JSON.stringify(pools),
    // Longer than a runner needs to come up and to be heard on a busy machine; no test waits for either to run out.
    TRAINER_LEASE_MS: '20000',
    TRAINER_CLAIM_WITHIN_MS: '30000',
    ...trainer,
  };
  return readSettings({
    ...process.env,
    ATTUNE_HOME: join(home, 'attune'),
    ATTUNE_PORT: String(await freePort()),
    ATTUNE_MINIMUM_TRAINING_SECONDS: '1',
    ATTUNE_LEASE_SECONDS: '6',
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    ATTUNE_SERVICE_ENVIRONMENT: JSON.stringify({ trainer: ofTrainer }),
    ...engine?.variables,
  });
}

const keyIn = (file: string): string => readFileSync(file, 'utf8').trim();
