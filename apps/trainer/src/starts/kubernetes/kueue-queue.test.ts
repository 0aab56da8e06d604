import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { StartEnd, StartStatus } from '../executor';
import { toInterruptedEnd, toLostEnd } from '../start-end';
import { queueInKueue } from './kueue-queue';
import { lossOf, toStartStatus, type SeenStart } from './start-meaning';

const TAKEN = 'A run of higher priority took its machine.';

function aJob(priorityClassName = 'gold', suspend?: boolean): V1Job {
  const job: V1Job = {
    metadata: { name: 'run-1', labels: { 'attune.dev/run': '1' } },
    spec: { backoffLimit: 0, template: { spec: { priorityClassName, containers: [] } } },
  };
  if (job.spec && suspend !== undefined) job.spec.suspend = suspend;
  return job;
}

function aPod(phase: 'Running' | 'Failed'): V1Pod {
  const state = phase === 'Running' ? { running: {} } : { terminated: { exitCode: 75 } };
  return {
    status: {
      phase,
      containerStatuses: [
        { name: 'runner', state, image: '', imageID: '', ready: phase === 'Running', restartCount: 0 },
      ],
    },
  };
}

describe('the Job of a start in a cluster with Kueue', () => {
  it('is suspended and names its queue, and is else what the blueprint says', () => {
    const queued = queueInKueue(aJob(), 'training', 'protected');
    expect(queued).toEqual({
      metadata: { name: 'run-1', labels: { 'attune.dev/run': '1', 'kueue.x-k8s.io/queue-name': 'training' } },
      spec: { backoffLimit: 0, suspend: true, template: { spec: { priorityClassName: 'gold', containers: [] } } },
    });
  });

  it('waits in a queue of its own when nobody may take its GPU again', () => {
    const queued = queueInKueue(aJob('protected'), 'training', 'protected');
    expect(queued.metadata?.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'training-protected' });
  });
});

describe('a start whose Job Kueue has suspended', () => {
  const statusOf = (seen: Partial<SeenStart>): StartStatus =>
    toStartStatus({ job: aJob('gold', true), pod: null, lost: null, mayLeaveSpot: false, ...seen }, new Date(0), {
      secretMissingForMs: 0,
      imageMissingForMs: 0,
      spotMissingForMs: 0,
    });
  const taken: StartEnd = { kind: 'preempted', reason: TAKEN };

  it('waits for its share as long as it never had a pod', () => {
    expect(statusOf({})).toEqual({
      kind: 'waiting',
      reason: 'It waits for its share of the machines.',
      givenUp: null,
    });
  });

  it('is losing its machine while its pod is there, and has lost it when the pod is gone, however it ended', () => {
    expect(statusOf({ pod: aPod('Running') })).toEqual({
      kind: 'running',
      ending: { kind: 'preempted', reason: TAKEN },
    });
    expect(statusOf({ pod: aPod('Failed') })).toEqual({ kind: 'ended', end: { kind: 'preempted', reason: TAKEN } });
    expect(lossOf(aPod('Failed'), aJob('gold', true), new Date(0))).toEqual(taken);
    expect(statusOf({ lost: taken })).toEqual({ kind: 'ended', end: { kind: 'preempted', reason: TAKEN } });
  });

  it('is over although Kueue lets the same Job go again', () => {
    const again = { job: aJob('gold', false), pod: aPod('Running'), lost: taken };
    expect(statusOf(again)).toEqual({ kind: 'ended', end: { kind: 'preempted', reason: TAKEN } });
  });

  it('counts as preempted when its runner gives up, and never as a failed attempt', () => {
    expect(toInterruptedEnd(statusOf({ pod: aPod('Running') }))).toEqual({ kind: 'preempted', reason: TAKEN });
    expect(toInterruptedEnd(statusOf({ job: aJob(), pod: aPod('Running') }))).toEqual({ kind: 'interrupted' });
    // A trainer that was restarted meanwhile has not seen the pod go.
    expect(toLostEnd(statusOf({}))).toEqual({ kind: 'interrupted' });
  });
});
