import type { V1Job } from '@kubernetes/client-node';

/** Where Kueue keeps its record of each Job. */
export const kueueWorkloads = { group: 'kueue.x-k8s.io', version: 'v1beta2', plural: 'workloads' } as const;

/** What of a Workload is read. */
export interface KueueWorkload {
  metadata?: { labels?: Record<string, string> };
  status?: { conditions?: readonly { type: string; status: string }[] };
}

/**
 * What Kueue lets a start do. `evicted`: it took the GPU back. Its pod gets its grace period to leave a checkpoint; when the
 * pod is gone the start is over, as preempted. Kueue would let the same Job go again later, but a start is claimed once: the
 * run gets its next start from our own queue, and this Job is deleted.
 */
export type KueueTurn = 'waiting' | 'admitted' | 'evicted';

/** In the customer's words: why a start waits that Kueue has not let go yet. */
export const waitsForShare = 'waits for its share of the shared GPUs';

const PROTECTED = 'attune-train-protected';
const JOB_UID = 'kueue.x-k8s.io/job-uid';

/**
 * The Job as Kueue wants it: suspended, with the name of its queue. Protected runs have one of their own, where nobody is
 * preempted and nobody preempts: Kueue reads a priority class's value and not its preemptionPolicy.
 */
export function queuedByKueue(job: V1Job, queue: string): V1Job {
  const isProtected = job.spec?.template.spec?.priorityClassName === PROTECTED;
  const name = isProtected ? `${queue}-protected` : queue;
  if (!job.spec) throw new Error('a Job without a spec');
  return {
    ...job,
    metadata: { ...job.metadata, labels: { ...job.metadata?.labels, 'kueue.x-k8s.io/queue-name': name } },
    // Kueue's webhook would suspend it too; so it is even where the webhook is away.
    spec: { ...job.spec, suspend: true },
  };
}

/** The uid of the Job that a Workload is of. */
export function jobUidOf(workload: KueueWorkload): string | undefined {
  return workload.metadata?.labels?.[JOB_UID];
}

/** A Job without a Workload waits as well: Kueue has not seen it yet, or is down. */
export function turnOf(job: V1Job, workload: KueueWorkload | undefined): KueueTurn {
  const isEvicted = workload?.status?.conditions?.some(({ type, status }) => type === 'Evicted' && status === 'True');
  if (isEvicted === true) return 'evicted';
  return job.spec?.suspend === true ? 'waiting' : 'admitted';
}
