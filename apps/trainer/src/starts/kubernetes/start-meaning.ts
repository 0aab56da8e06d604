import type { V1ContainerStatus, V1Job, V1Pod } from '@kubernetes/client-node';
import { exitKindOf } from '@attune/engine-protocol';
import { reasons } from '../../runs/run-reasons';
import type { StartEnd, StartStatus } from '../executor';
import { toWaitingReason } from './scheduler-words';
import type { ExecutorTimings } from './settings';

/** What is to be seen of a start in the cluster. */
export interface SeenStart {
  job: V1Job | null;
  pod: V1Pod | null;
  /** A pod of it was there and is gone without having ended: why, as far as it was to be seen. */
  lost: StartEnd | null;
  /** It waits for a spot machine, and there are others. */
  mayLeaveSpot: boolean;
}

/** How long a pod may wait for what before its start is given up. */
export type MeaningSettings = Pick<ExecutorTimings, 'secretMissingForMs' | 'imageMissingForMs' | 'spotMissingForMs'>;

/** Of a start that was ordered, and of which nothing is to be seen yet. */
export const PREPARED = 'Its start is being prepared.';

const words = {
  image: 'Its machine is fetching the training program.',
  share: 'It waits for its share of the machines.',
  gone: 'Its machine was taken away.',
  taken: 'A run of higher priority took its machine.',
  silent: 'Its machine stopped answering.',
  refused: 'Its machine could not take it.',
  disk: 'The training program used more disk space than it may.',
  spot: 'No machine of the cheaper kind was to be had.',
} as const;

/** `DisruptionTarget` reasons: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions */
const disruptions: Record<string, string> = {
  PreemptionByScheduler: words.taken,
  DeletionByTaintManager: words.silent,
  EvictionByEvictionAPI: 'Its machine was emptied for maintenance.',
  TerminationByKubelet: 'Its machine was shut down or ran short of resources.',
};

/** What the cluster says of a start, in the trainer's terms. */
export function toStartStatus(seen: SeenStart, now: Date, settings: MeaningSettings): StartStatus {
  const { job, pod, lost } = seen;
  // A pod after one that was lost is Kueue's doing, which lets the same Job go again: the start is over all the same.
  if (pod && !lost) return fromPod(pod, seen, now, settings);
  const end = job && toJobEnd(job);
  // Of its end the pod has told more than its Job, but for a deadline that the Job has told only after it.
  if (lost && (!end || end.kind === 'preempted' || lost.kind !== 'preempted')) return { kind: 'ended', end: lost };
  if (end) return { kind: 'ended', end };
  if (!job) return { kind: 'unknown' };
  return waiting(job.spec?.suspend === true ? words.share : PREPARED);
}

/** Why the pod's machine is being taken from it; null while nobody does. */
function disruptionOf(pod: V1Pod, job: V1Job | null): string | null {
  const condition = conditionOf(pod, 'DisruptionTarget');
  if (condition?.status === 'True') return disruptions[condition.reason ?? ''] ?? words.gone;
  if (pod.status?.reason === 'NodeLost') return words.silent;
  // Kueue takes a machine back so; the Job's controller then deletes the pod, without a condition that says why.
  if (job?.spec?.suspend === true) return words.taken;
  // Nothing probes the runner, so it is ready while it runs; when its node falls silent, the control plane says that it is not.
  const isSilent = runnerOf(pod)?.state?.running !== undefined && conditionOf(pod, 'Ready')?.status === 'False';
  return isSilent && pod.metadata?.deletionTimestamp === undefined ? words.silent : null;
}

/** How a pod that is gone was ended; null where it has ended by itself. */
export function lossOf(pod: V1Pod, job: V1Job, now: Date): StartEnd | null {
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return endingOf(pod, job, now) ?? (hasEnded ? null : preempted(words.gone));
}

function fromPod(pod: V1Pod, seen: SeenStart, now: Date, settings: MeaningSettings): StartStatus {
  const { job } = seen;
  switch (pod.status?.phase) {
    case 'Succeeded':
      return { kind: 'ended', end: { kind: 'exit', exit: 'done' } };
    case 'Failed':
      return { kind: 'ended', end: toPodEnd(pod, job, now) };
    case undefined:
    default: {
      const runner = runnerOf(pod);
      // One that has ended is running until its pod says so.
      const hasRun = runner?.state?.running ?? runner?.state?.terminated;
      return hasRun
        ? { kind: 'running', ending: endingOf(pod, job, now) }
        : notRunning(pod, runner, seen, now, settings);
    }
  }
}

function notRunning(
  pod: V1Pod,
  runner: V1ContainerStatus | undefined,
  { mayLeaveSpot }: SeenStart,
  now: Date,
  settings: MeaningSettings,
): StartStatus {
  const msSince = (moment: Date | string | undefined): number => now.getTime() - new Date(moment ?? now).getTime();
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'True') {
    if (scheduled?.reason === 'SchedulingGated') return waiting(words.share);
    const isTooLong = mayLeaveSpot && msSince(pod.metadata?.creationTimestamp) > settings.spotMissingForMs;
    const givenUp: StartEnd | null = isTooLong ? { kind: 'unplaced', reason: words.spot } : null;
    return waiting(scheduled ? toWaitingReason(scheduled.message ?? '') : PREPARED, givenUp);
  }
  const waitingForMs = msSince(scheduled.lastTransitionTime);
  const { reason, message = '' } = runner?.state?.waiting ?? {};
  // Whoever should have made its Secret is gone.
  if (reason === 'CreateContainerConfigError' && /^secret .* not found/.test(message)) {
    return waiting(PREPARED, waitingForMs > settings.secretMissingForMs ? { kind: 'interrupted' } : null);
  }
  const failure = failureToMake(reason);
  const isTooLong = failure !== null && waitingForMs > settings.imageMissingForMs;
  return waiting(words.image, isTooLong ? { kind: 'failed', fault: 'platform', message: failure } : null);
}

/** What keeps the container from being made, if it lasts; null where it is on its way. */
function failureToMake(waitingReason: string | undefined): string | null {
  switch (waitingReason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return reasons.image;
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return reasons.container;
    case undefined:
    default:
      return null;
  }
}

/** Why a pod that still runs, or has just ended, is over; null where only its program can say. */
function endingOf(pod: V1Pod, job: V1Job | null, now: Date): StartEnd | null {
  // It ran into its deadline, and was disrupted only because of that.
  if (hasFailedBy(job, 'DeadlineExceeded') || pod.status?.reason === 'DeadlineExceeded')
    return toExpired(pod, job, now);
  const disruption = disruptionOf(pod, job);
  return disruption === null ? null : preempted(disruption);
}

/** The deadline counts from the making of the Job. Where waiting for a machine took the most of it, the run has not had its time. */
function toExpired(pod: V1Pod, job: V1Job | null, now: Date): StartEnd {
  const state = runnerOf(pod)?.state;
  const begun = state?.running?.startedAt ?? state?.terminated?.startedAt;
  const ranMs = new Date(state?.terminated?.finishedAt ?? now).getTime() - new Date(begun ?? now).getTime();
  const mostMs = ((job?.spec?.activeDeadlineSeconds ?? 0) * 1000) / 2;
  return ranMs < mostMs ? { kind: 'interrupted' } : { kind: 'expired' };
}

function toPodEnd(pod: V1Pod, job: V1Job | null, now: Date): StartEnd {
  const ended = runnerOf(pod)?.state?.terminated;
  const ending = endingOf(pod, job, now);
  if (ending) return ending;
  if (ended?.reason === 'OOMKilled') return { kind: 'failed', fault: 'engine', message: reasons.outOfMemory };
  if (pod.status?.reason === 'Evicted') return { kind: 'failed', fault: 'engine', message: words.disk };
  // Its node admitted it not, or lost it before anything ran.
  if (!ended) return preempted(words.refused);
  return { kind: 'exit', exit: exitKindOf(ended.exitCode) };
}

/** What a Job says by itself, without its pod; null while it has not ended. */
function toJobEnd(job: V1Job): StartEnd | null {
  if (job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True'))
    return { kind: 'exit', exit: 'done' };
  if (hasFailedBy(job, 'DeadlineExceeded')) return { kind: 'expired' };
  // A pod that ends by itself stays until its Job goes: whoever took this one, its run could not help it.
  return hasFailedBy(job) ? preempted(words.gone) : null;
}

function hasFailedBy(job: V1Job | null, reason?: string): boolean {
  const conditions = job?.status?.conditions ?? [];
  return conditions.some(
    (condition) =>
      (condition.type === 'Failed' || condition.type === 'FailureTarget') &&
      condition.status === 'True' &&
      (reason === undefined || condition.reason === reason),
  );
}

function waiting(reason: string, givenUp: StartEnd | null = null): StartStatus {
  return { kind: 'waiting', reason, givenUp };
}

function preempted(reason: string): StartEnd {
  return { kind: 'preempted', reason };
}

function runnerOf(pod: V1Pod): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === 'runner');
}

function conditionOf(pod: V1Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}
