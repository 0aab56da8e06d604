import type { V1Job, V1JobCondition, V1Pod, V1PodCondition, V1PodStatus } from '@kubernetes/client-node';
import type { StartEnd, StartStatus } from '../executor';
import { lossOf, toStartStatus } from './start-meaning';

const now = new Date('2026-11-28T12:00:00Z');
const settings = { secretMissingForMs: 30_000, imageMissingForMs: 300_000, spotMissingForMs: 600_000 };

const job = (...conditions: [type: string, reason?: string][]): V1Job => ({
  metadata: { name: 'run-x-1' },
  status: {
    conditions: conditions.map(([type, reason]): V1JobCondition => ({
      type,
      status: 'True',
      ...(reason ? { reason } : {}),
    })),
  },
});
const condition = (type: string, status: string, more: Partial<V1PodCondition> = {}): V1PodCondition => ({
  type,
  status,
  ...more,
});
const pod = (status: V1PodStatus, metadata: V1Pod['metadata'] = {}): V1Pod => ({ metadata, status });
const runner = (state: object) => ({
  containerStatuses: [{ name: 'runner', ready: true, restartCount: 0, image: 'i', imageID: '', state }],
});
const terminated = (exitCode: number, reason = 'Error') => runner({ terminated: { exitCode, reason } });
const scheduledAgo = (ms: number) =>
  condition('PodScheduled', 'True', { lastTransitionTime: new Date(now.getTime() - ms) });
const disrupted = (reason: string) => condition('DisruptionTarget', 'True', { reason });

const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const limited = (hours: number, ...conditions: Parameters<typeof job>): V1Job => ({
  ...job(...conditions),
  spec: { activeDeadlineSeconds: hours * 3600, template: {} },
});

const mean = (seenPod: V1Pod | null, seenJob: V1Job | null = job(), lost: StartEnd | null = null): StartStatus =>
  toStartStatus({ job: seenJob, pod: seenPod, lost, mayLeaveSpot: false }, now, settings);

const waiting = (reason: string, givenUp: StartEnd | null = null) => ({ kind: 'waiting', reason, givenUp });
const taken = (reason: string): StartEnd => ({ kind: 'preempted', reason });
const ended = (end: object) => ({ kind: 'ended', end });

describe('what the cluster says of a start means', () => {
  it.each<[string, StartStatus, object]>([
    ['nothing there', mean(null, null), { kind: 'unknown' }],
    ['a Job without a pod', mean(null), waiting('Its start is being prepared.')],
    [
      'a suspended Job',
      mean(null, { spec: { suspend: true, template: {} } }),
      waiting('It waits for its share of the machines.'),
    ],
    [
      'a pod that no node can take',
      mean(
        pod({
          phase: 'Pending',
          conditions: [
            condition('PodScheduled', 'False', {
              reason: 'Unschedulable',
              message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
            }),
          ],
        }),
      ),
      waiting('All machines of its kind are at work. It waits for one to become free or to be started.'),
    ],
    [
      'a container being made',
      mean(
        pod({
          phase: 'Pending',
          conditions: [scheduledAgo(1000)],
          ...runner({ waiting: { reason: 'ContainerCreating' } }),
        }),
      ),
      waiting('Its machine is fetching the training program.'),
    ],
    [
      'an image that cannot be pulled for a while',
      mean(
        pod({
          phase: 'Pending',
          conditions: [scheduledAgo(299_000)],
          ...runner({ waiting: { reason: 'ImagePullBackOff' } }),
        }),
      ),
      waiting('Its machine is fetching the training program.'),
    ],
    [
      'an image that cannot be pulled for longer',
      mean(
        pod({
          phase: 'Pending',
          conditions: [scheduledAgo(301_000)],
          ...runner({ waiting: { reason: 'ErrImagePull' } }),
        }),
      ),
      waiting('Its machine is fetching the training program.', {
        kind: 'failed',
        fault: 'platform',
        message: 'The training program could not be fetched.',
      }),
    ],
    [
      'a Secret that is missing for long',
      mean(
        pod({
          phase: 'Pending',
          conditions: [scheduledAgo(31_000)],
          ...runner({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "run-x-1" not found' } }),
        }),
      ),
      waiting('Its start is being prepared.', { kind: 'interrupted' }),
    ],
    [
      'a container that cannot be made for long, for another reason',
      mean(
        pod({
          phase: 'Pending',
          conditions: [scheduledAgo(301_000)],
          ...runner({ waiting: { reason: 'CreateContainerConfigError', message: 'configmap "x" not found' } }),
        }),
      ),
      waiting('Its machine is fetching the training program.', {
        kind: 'failed',
        fault: 'platform',
        message: 'The training program could not be started on its machine.',
      }),
    ],
    [
      'a running container',
      mean(pod({ phase: 'Running', ...runner({ running: {} }) })),
      { kind: 'running', ending: null },
    ],
    [
      'a pod that is being preempted and saves its checkpoint',
      mean(pod({ phase: 'Running', conditions: [disrupted('PreemptionByScheduler')], ...runner({ running: {} }) })),
      { kind: 'running', ending: { kind: 'preempted', reason: 'A run of higher priority took its machine.' } },
    ],
    [
      'a node that has fallen silent',
      mean(pod({ phase: 'Running', conditions: [condition('Ready', 'False')], ...runner({ running: {} }) })),
      { kind: 'running', ending: { kind: 'preempted', reason: 'Its machine stopped answering.' } },
    ],
    ['exit 0', mean(pod({ phase: 'Succeeded', ...terminated(0) })), ended({ kind: 'exit', exit: 'done' })],
    ['exit 65', mean(pod({ phase: 'Failed', ...terminated(65) })), ended({ kind: 'exit', exit: 'data' })],
    ['exit 70', mean(pod({ phase: 'Failed', ...terminated(70) })), ended({ kind: 'exit', exit: 'engine' })],
    ['exit 75', mean(pod({ phase: 'Failed', ...terminated(75) })), ended({ kind: 'exit', exit: 'interrupted' })],
    [
      'a kill by nobody known',
      mean(pod({ phase: 'Failed', ...terminated(137) })),
      ended({ kind: 'exit', exit: 'engine' }),
    ],
    [
      'an exit after preemption, whatever the code',
      mean(
        pod({ phase: 'Failed', conditions: [disrupted('PreemptionByScheduler')], ...terminated(137) }),
        job(['Failed', 'BackoffLimitExceeded']),
      ),
      ended({ kind: 'preempted', reason: 'A run of higher priority took its machine.' }),
    ],
    [
      'memory that ran out',
      mean(pod({ phase: 'Failed', ...terminated(137, 'OOMKilled') })),
      ended({ kind: 'failed', fault: 'engine', message: 'The training program ran out of memory.' }),
    ],
    [
      'a disk that ran over',
      mean(pod({ phase: 'Failed', reason: 'Evicted', ...terminated(137) })),
      ended({ kind: 'failed', fault: 'engine', message: 'The training program used more disk space than it may.' }),
    ],
    [
      'a deadline',
      mean(pod({ phase: 'Failed', ...terminated(75) }), job(['FailureTarget', 'DeadlineExceeded'])),
      ended({ kind: 'expired' }),
    ],
    [
      'a deadline that its program has not obeyed yet',
      mean(
        pod({ phase: 'Running', ...runner({ running: { startedAt: hoursAgo(5) } }) }),
        limited(8, ['FailureTarget', 'DeadlineExceeded']),
      ),
      { kind: 'running', ending: { kind: 'expired' } },
    ],
    [
      'a deadline of which its wait for a machine took the most',
      mean(
        pod({ phase: 'Running', ...runner({ running: { startedAt: hoursAgo(3) } }) }),
        limited(8, ['FailureTarget', 'DeadlineExceeded']),
      ),
      { kind: 'running', ending: { kind: 'interrupted' } },
    ],
    [
      'a node that refused the pod',
      mean(pod({ phase: 'Failed', reason: 'UnexpectedAdmissionError' })),
      ended({ kind: 'preempted', reason: 'Its machine could not take it.' }),
    ],
    [
      'a failed Job whose pod is gone',
      mean(null, job(['Failed', 'BackoffLimitExceeded'])),
      ended({ kind: 'preempted', reason: 'Its machine was taken away.' }),
    ],
    [
      'a failed Job whose pod was seen going',
      mean(null, job(['Failed', 'BackoffLimitExceeded']), taken('Its machine was emptied for maintenance.')),
      ended({ kind: 'preempted', reason: 'Its machine was emptied for maintenance.' }),
    ],
    [
      'a pod that was seen going, before its Job says so',
      mean(null, job(), taken('Its machine was taken away.')),
      ended({ kind: 'preempted', reason: 'Its machine was taken away.' }),
    ],
    ['a complete Job', mean(null, job(['Complete'])), ended({ kind: 'exit', exit: 'done' })],
  ])('%s', (_, status, expected) => {
    expect(status).toEqual(expected);
  });

  it('a pod that ended by itself was not lost when it goes; one that ran was', () => {
    const running = pod({ phase: 'Running', ...runner({ running: {} }) });
    expect(lossOf(pod({ phase: 'Failed', ...terminated(70) }), job(), now)).toBeNull();
    expect(lossOf(running, job(), now)).toEqual(taken('Its machine was taken away.'));
  });

  it('a pod that a deadline has taken has told how much of the time it had; one that was gone before its Job said so has not', () => {
    const overdue = limited(8, ['Failed', 'DeadlineExceeded']);
    const lostAfter = (hours: number) => {
      const running = pod({ phase: 'Running', ...runner({ running: { startedAt: hoursAgo(hours) } }) });
      return lossOf(running, overdue, now);
    };
    expect(mean(null, overdue, lostAfter(5))).toEqual(ended({ kind: 'expired' }));
    expect(mean(null, overdue, lostAfter(3))).toEqual(ended({ kind: 'interrupted' }));
    expect(mean(null, overdue, taken('Its machine was taken away.'))).toEqual(ended({ kind: 'expired' }));
  });

  it('a pod that has waited too long for a spot machine is given up where there are others, and only there', () => {
    const unplaced = (minutes: number) =>
      pod(
        {
          phase: 'Pending',
          conditions: [condition('PodScheduled', 'False', { reason: 'Unschedulable', message: '' })],
        },
        { creationTimestamp: new Date(now.getTime() - minutes * 60_000) },
      );
    const after = (minutes: number, mayLeaveSpot: boolean): StartStatus =>
      toStartStatus({ job: job(), pod: unplaced(minutes), lost: null, mayLeaveSpot }, now, settings);
    const givenUp: StartEnd = { kind: 'unplaced', reason: 'No machine of the cheaper kind was to be had.' };
    expect(after(9, true)).toMatchObject({ givenUp: null });
    expect(after(11, true)).toMatchObject({ kind: 'waiting', givenUp });
    expect(after(11, false)).toMatchObject({ givenUp: null });
  });
});
