import type { V1Job } from '@kubernetes/client-node';
import { queuedByKueue } from './kueue-queue';

function aJob(priorityClassName: string): V1Job {
  return {
    metadata: { name: 'run-1', labels: { 'attune.dev/run': '1' } },
    spec: { backoffLimit: 0, template: { spec: { priorityClassName, containers: [] } } },
  };
}

describe('the Job of a start in a cluster with Kueue', () => {
  const labelsOf = (job: V1Job) => queuedByKueue(job, 'training', 'protected').metadata?.labels;

  it('is suspended and names its queue, and is else what the blueprint says', () => {
    const job = aJob('gold');
    const queued = queuedByKueue(job, 'training', 'protected');
    expect(queued.spec).toEqual(Object.assign({}, job.spec, { suspend: true }));
    expect(queued.metadata?.name).toBe('run-1');
    expect(labelsOf(job)).toEqual({ 'attune.dev/run': '1', 'kueue.x-k8s.io/queue-name': 'training' });
  });

  it('waits in a queue of its own when nobody may take its GPU again', () => {
    expect(labelsOf(aJob('protected'))).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'training-protected' });
  });
});
