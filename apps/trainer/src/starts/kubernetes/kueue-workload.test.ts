import type { V1Job } from '@kubernetes/client-node';
import { jobUidOf, queuedByKueue, turnOf, type KueueWorkload } from './kueue-workload';

function aJob(priorityClassName: string, suspend = false): V1Job {
  return {
    metadata: { name: 'run-1', labels: { 'attune.dev/run': '1' } },
    spec: { suspend, template: { spec: { priorityClassName, containers: [] } } },
  };
}

/** As Kueue 0.19.2 writes it. */
function aWorkload(...conditions: [type: string, status: string][]): KueueWorkload {
  return {
    metadata: { labels: { 'kueue.x-k8s.io/job-uid': 'the-uid' } },
    status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
  };
}

describe('a start in a cluster with Kueue', () => {
  it('is created suspended, in the queue of its kind, and keeps its own labels', () => {
    const queued = queuedByKueue(aJob('attune-train-gold'), 'training');
    expect(queued.spec?.suspend).toBe(true);
    expect(queued.metadata?.labels).toEqual({ 'attune.dev/run': '1', 'kueue.x-k8s.io/queue-name': 'training' });
    const later = queuedByKueue(aJob('attune-train-protected'), 'training');
    expect(later.metadata?.labels?.['kueue.x-k8s.io/queue-name']).toBe('training-protected');
  });

  it('waits until Kueue has let it go, also while Kueue does not know it', () => {
    const job = aJob('attune-train-gold', true);
    expect(turnOf(job, undefined)).toBe('waiting');
    expect(turnOf(job, aWorkload(['QuotaReserved', 'False'], ['PodsReady', 'False']))).toBe('waiting');
    expect(turnOf(aJob('attune-train-gold'), aWorkload(['QuotaReserved', 'True'], ['Admitted', 'True']))).toBe('admitted');
  });

  it('has lost its GPU when Kueue has evicted it, before and after its Job is suspended again', () => {
    const evicted = aWorkload(['Evicted', 'True'], ['Preempted', 'True'], ['QuotaReserved', 'False']);
    expect(turnOf(aJob('attune-train-gold'), evicted)).toBe('evicted');
    expect(turnOf(aJob('attune-train-gold', true), evicted)).toBe('evicted');
  });

  it('is found by its Workload', () => {
    expect(jobUidOf(aWorkload())).toBe('the-uid');
    expect(jobUidOf({})).toBeUndefined();
  });
});
