import { readFileSync } from 'node:fs';
import {
  KubeConfig,
  type KubernetesObject,
  type V1Job,
  type V1Pod,
  type V1ResourceQuota,
} from '@kubernetes/client-node';
import { delay, messageOf, systemClock, type RunId } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import {
  Executor,
  type Candidate,
  type HeldStart,
  type OrderedStart,
  type Placement,
  type StartEnd,
  type StartName,
  type StartOrder,
  type StartStatus,
} from '../executor';
import { Blueprint, jobName } from './blueprint';
import { acceleratorOf, freeSlots, mayLeaveSpot, placeStart } from './capacity';
import { ClusterApi, RUN_SELECTOR } from './cluster-api';
import { syncedSeconds } from './executor-metrics';
import { queueInKueue } from './kueue-queue';
import { Mirror } from './mirror';
import { hasMachine, poolOf, toHoldings, toPodHolding, toQuota } from './occupancy';
import type { KubernetesExecutorSettings } from './settings';
import { lossOf, PREPARED, toStartStatus, type SeenStart } from './start-meaning';

/** SIGTERM, and SIGKILL a second later: its checkpoint would be refused anyway. */
const KILL_GRACE_SECONDS = 1;
const CREATE_ATTEMPTS = 3;
const CREATE_RETRY_MS = 500;
/** A Job without a pod for so long: its controller is asked why, no more often than this. */
const REFUSED_FOR_MS = 15_000;
const ASK_EVERY_MS = 60_000;
const CHANGE_MS = 50;

const undecided: StartStatus = { kind: 'waiting', reason: PREPARED, givenUp: null };

/**
 * Each start is a Job of its own, in a namespace that several trainers may share. What it says of starts comes from a copy of the cluster's
 * state that watches keep up to date; the database says which starts are wanted, so neither a restart nor a trainer's end touches any Job.
 */
export class KubernetesExecutor extends Executor {
  readonly host: string;
  readonly startsLater = true;
  private readonly api: ClusterApi;
  private readonly jobs: Mirror<V1Job>;
  private readonly pods: Mirror<V1Pod>;
  private readonly quotas: Mirror<V1ResourceQuota>;
  private readonly listeners: (() => void)[] = [];
  /** Of starts whose pod is gone without having ended by itself: how it was ended. */
  private readonly lost = new Map<string, StartEnd>();
  private readonly killedAt = new Map<string, number>();
  /** Jobs that were deleted, until the watch says so. */
  private readonly deleted = new Set<string>();
  private readonly askedAt = new Map<string, number>();
  /** About accelerators that nobody has explained. */
  private readonly complaints = new Set<string>();
  private changing: NodeJS.Timeout | null = null;

  constructor(
    private readonly settings: KubernetesExecutorSettings,
    config: KubeConfig,
    private readonly blueprint: Blueprint,
    private readonly logger: Logger,
  ) {
    super();
    const { namespace } = settings;
    this.host = `kubernetes/${namespace}`;
    this.api = new ClusterApi(config, namespace);
    const onChange = (): void => this.noteChange();
    const core = `/api/v1/namespaces/${namespace}`;
    const jobsPath = `/apis/batch/v1/namespaces/${namespace}/jobs`;
    const labelSelector = RUN_SELECTOR;
    this.jobs = new Mirror(
      config,
      {
        ...{ resource: 'jobs', path: jobsPath, labelSelector, onChange, key: nameOf },
        list: () => this.api.listJobs(),
        onGone: (job) => this.forget(job),
      },
      logger,
    );
    this.pods = new Mirror(
      config,
      {
        ...{ resource: 'pods', path: `${core}/pods`, labelSelector, onChange, key: jobNameOf },
        list: () => this.api.listPods(),
        onGone: (pod) => this.notePodGone(pod),
      },
      logger,
    );
    this.quotas = new Mirror(
      config,
      {
        ...{ resource: 'resourcequotas', path: `${core}/resourcequotas`, onChange, key: nameOf },
        list: () => this.api.listQuotas(),
      },
      logger,
    );
    this.mirrors().forEach((mirror) => mirror.start());
  }

  /** Throws BadBlueprint, and when no cluster is configured. The cluster itself may be away. */
  static open(settings: KubernetesExecutorSettings, logger: Logger): KubernetesExecutor {
    const blueprint = Blueprint.parse(readFileSync(settings.blueprintFile, 'utf8'), settings.namespace);
    const config = new KubeConfig();
    config.loadFromDefault();
    return new KubernetesExecutor(settings, config, blueprint, logger);
  }

  isReady(): boolean {
    return this.isCurrent();
  }

  isCurrent(): boolean {
    return this.mirrors().every((mirror) => mirror.isCurrent());
  }

  place(candidate: Candidate, held: readonly HeldStart[]): Placement | null {
    const { sharing } = this.settings;
    if (!acceleratorOf(candidate.accelerator, sharing)) {
      const why = unexplained(candidate);
      // It is asked for at every pass.
      if (!this.complaints.has(why)) this.logger.error({ run_id: candidate.runId }, why);
      this.complaints.add(why);
      return null;
    }
    return placeStart(candidate, this.occupancy(held), sharing);
  }

  freeSlots(held: readonly HeldStart[]): { pool: string; free: number }[] {
    const ages = this.mirrors().map((mirror) => mirror.ageMs() ?? performance.now());
    syncedSeconds.set(Math.max(...ages) / 1000);
    return freeSlots(this.occupancy(held).holdings, this.settings.sharing.pools);
  }

  /**
   * The Job first, then the Secret that it owns: a trainer that dies in between leaves one thing, which everybody sees and the next pass
   * ends; and no right to read or change Secrets is needed.
   */
  async start(order: StartOrder): Promise<void> {
    const job = this.fill(order);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const created = (await this.api.createJob(job)) ?? (await this.readOwn(order));
        await this.api.createToken(created, order.token);
        this.jobs.note(created);
        return;
      } catch (error) {
        if (attempt === CREATE_ATTEMPTS) throw error;
        await delay(CREATE_RETRY_MS * attempt);
      }
    }
  }

  async observe(start: OrderedStart): Promise<StartStatus> {
    const name = jobName(start);
    const killedAt = this.killedAt.get(name);
    // The fence lets nothing of it through any more: whether a lost machine ever confirms its end makes no difference.
    if (killedAt !== undefined && performance.now() - killedAt > this.settings.timings.killConfirmMs)
      return { kind: 'unknown' };
    const seen = this.seen(start);
    // A Job may have heard of its end before its pod is seen, which knows more of it.
    if (seen.job && !seen.pod && !this.pods.isCurrent()) return undecided;
    const status = toStartStatus(seen, systemClock.now(), this.settings.timings);
    if (status.kind === 'waiting') {
      this.askForRefusal(name);
      // Nobody here knows how long it has waited: it may be at work by now.
      if (!this.isCurrent()) return { ...status, givenUp: null };
    }
    return status.kind === 'unknown' && killedAt === undefined ? this.judgeUnknown(start) : status;
  }

  list(): Promise<StartName[]> {
    const jobs = [...this.jobs.values()].filter((job) => !this.isDeleted(job));
    return Promise.resolve(jobs.map(toStartName).filter((name) => name !== null));
  }

  async stop(start: StartName): Promise<void> {
    const job = this.jobs.get(jobName(start));
    if (!job || this.isDeleted(job)) return;
    await this.delete(job);
  }

  async kill(start: StartName): Promise<void> {
    const name = jobName(start);
    if (this.killedAt.has(name)) return;
    await this.api.deleteJob(name);
    const pod = this.podOf(start);
    if (pod) await this.api.deletePod(pod.metadata?.name ?? '', KILL_GRACE_SECONDS);
    this.killedAt.set(name, performance.now());
    // Whoever waits for the confirmation comes back by the clock.
    setTimeout(() => this.killedAt.delete(name), ASK_EVERY_MS).unref();
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Jobs run on: another trainer, or the next one, follows them. */
  async shutdown(): Promise<void> {
    if (this.changing) clearTimeout(this.changing);
    await Promise.all(this.mirrors().map((mirror) => mirror.stop()));
  }

  private mirrors(): readonly Pick<Mirror<V1Job>, 'start' | 'stop' | 'isCurrent' | 'ageMs'>[] {
    return [this.jobs, this.pods, this.quotas];
  }

  private fill(order: StartOrder): V1Job {
    const { sharing, maxSeconds, trainerUrl, runnerImage, kueueQueue } = this.settings;
    const accelerator = acceleratorOf(order.accelerator, sharing);
    if (!accelerator) throw new Error(unexplained(order));
    const job = this.blueprint.fill({
      runId: order.runId,
      start: String(order.start),
      organizationId: order.organizationId,
      priorityClass: order.placement.priorityClass ?? sharing.priorityClasses.gold,
      pool: order.placement.pool ?? '',
      gpuResource: accelerator.resource,
      gpuCount: String(accelerator.count),
      maxSeconds: String(maxSeconds),
      trainerUrl,
      image: runnerImage,
    });
    return kueueQueue === null ? job : queueInKueue(job, kueueQueue, sharing.priorityClasses.protected);
  }

  /** The Job that was there already. Throws unless it is this very start's. */
  private async readOwn(order: StartName): Promise<V1Job> {
    const job = await this.api.readJob(jobName(order));
    const found = job && toStartName(job);
    if (!job || found?.runId !== order.runId || found.start !== order.start)
      throw new Error(`${jobName(order)} is another's`);
    return job;
  }

  private seen(start: OrderedStart): SeenStart {
    const name = jobName(start);
    const pod = this.podOf(start) ?? null;
    return {
      job: this.jobs.get(name) ?? null,
      pod,
      lost: this.lost.get(name) ?? null,
      mayLeaveSpot: pod !== null && mayLeaveSpot(start.accelerator, poolOf(pod), this.settings.sharing),
    };
  }

  /** A Job makes one pod: it never replaces it. */
  private podOf(start: StartName): V1Pod | undefined {
    return this.pods.get(jobName(start));
  }

  /** Nothing of it is to be seen here. Only the cluster's own word ends a run's start. */
  private async judgeUnknown(start: OrderedStart): Promise<StartStatus> {
    if (start.orderedMsAgo < this.settings.timings.unknownForMs || !this.jobs.hasListed()) return undecided;
    try {
      const job = await this.api.readJob(jobName(start));
      if (!job) return { kind: 'unknown' };
      this.jobs.note(job);
    } catch (error) {
      this.logger.warn({ run_id: start.runId }, `cannot ask for its Job: ${messageOf(error)}`);
    }
    return undecided;
  }

  private isDeleted(job: V1Job): boolean {
    return job.metadata?.deletionTimestamp !== undefined || this.deleted.has(job.metadata?.uid ?? '');
  }

  private async delete(job: V1Job): Promise<void> {
    const uid = job.metadata?.uid ?? '';
    // Before the call: the watch may be faster than its answer.
    this.deleted.add(uid);
    try {
      await this.api.deleteJob(job.metadata?.name ?? '');
    } catch (error) {
      this.deleted.delete(uid);
      throw error;
    }
  }

  private forget(job: V1Job): void {
    const name = job.metadata?.name ?? '';
    this.deleted.delete(job.metadata?.uid ?? '');
    this.lost.delete(name);
    this.askedAt.delete(name);
  }

  private notePodGone(pod: V1Pod): void {
    const start = toStartName(pod);
    const job = start && this.jobs.get(jobName(start));
    // Without its Job it was deleted with it, and that is what counts.
    if (!job) return;
    const how = lossOf(pod, job, systemClock.now());
    if (how !== null) this.lost.set(jobName(start), how);
  }

  private occupancy(held: readonly HeldStart[]) {
    const { sharing } = this.settings;
    const known = new Set(held.map((start) => jobName(start)));
    const pods = [...this.pods.values()].filter(hasMachine);
    // Of starts that are over for the database: they end, and their machines are not free before.
    const strays = pods.filter((pod) => !known.has(jobNameOf(pod)));
    return {
      holdings: [...toHoldings(held, sharing), ...strays.map(toPodHolding)],
      counted: pods.map(toPodHolding),
      quotas: [...this.quotas.values()].map(toQuota),
    };
  }

  /** Into the log, for the platform's engineers: a quota, a missing PriorityClass or a policy keeps the pod out. */
  private askForRefusal(name: string): void {
    const job = this.jobs.get(name);
    const start = job && toStartName(job);
    // A suspended one has no pod on purpose.
    if (!job || !start || job.spec?.suspend === true || this.podOf(start)) return;
    const now = systemClock.now();
    const ageMs = now.getTime() - new Date(job.metadata?.creationTimestamp ?? now).getTime();
    if (ageMs < REFUSED_FOR_MS || performance.now() - (this.askedAt.get(name) ?? -ASK_EVERY_MS) < ASK_EVERY_MS) return;
    this.askedAt.set(name, performance.now());
    this.api.readRefusal(job).then(
      (refusal) => this.logger.warn({ run_id: start.runId }, `${name} has no pod: ${refusal ?? 'nobody says why'}`),
      (error: unknown) => this.logger.warn(`${name} has no pod: ${messageOf(error)}`),
    );
  }

  /** One call for what comes in one go. */
  private noteChange(): void {
    this.changing ??= setTimeout(() => {
      this.changing = null;
      for (const listener of this.listeners) listener();
    }, CHANGE_MS);
  }
}

function unexplained({ accelerator }: Pick<Candidate, 'accelerator'>): string {
  return `the settings do not say what "${String(accelerator)}" is`;
}

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? '';
}

/** Pods are found by their Job. */
function jobNameOf(pod: V1Pod): string {
  const start = toStartName(pod);
  return start ? jobName(start) : nameOf(pod);
}

function toStartName(object: V1Job | V1Pod): StartName | null {
  const runId = object.metadata?.labels?.['attune.dev/run'];
  const start = Number(object.metadata?.labels?.['attune.dev/start']);
  return runId === undefined || !Number.isInteger(start) ? null : { runId: runId as RunId, start };
}
