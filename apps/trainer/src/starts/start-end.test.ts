import type { StartEnd, StartStatus } from './executor';
import { toAttemptEnd, toLostEnd } from './start-end';

const ended = (end: StartEnd): StartStatus => ({ kind: 'ended', end });

describe('the end of a start', () => {
  it.each<[string, StartStatus, object | null]>([
    ['one that waits is not over', { kind: 'waiting', reason: 'r' }, null],
    ['one that runs is not over, though its machine is being taken', { kind: 'running', disruption: 'd' }, null],
    ['one that nobody knows was interrupted', { kind: 'unknown' }, { kind: 'interrupted' }],
    [
      'one that left to be started again was interrupted',
      ended({ kind: 'exit', exit: 'interrupted' }),
      { kind: 'interrupted' },
    ],
    [
      'one that lost its machine is no failed attempt',
      ended({ kind: 'preempted', reason: 'r' }),
      { kind: 'preempted', reason: 'r' },
    ],
    [
      'any other exit is a failed attempt',
      ended({ kind: 'exit', exit: 'engine' }),
      { kind: 'failed', message: 'The training program ended unexpectedly.' },
    ],
    [
      'one that took too long is a failed attempt',
      ended({ kind: 'expired' }),
      { kind: 'failed', message: 'Training took longer than a run may take.' },
    ],
  ])('%s', (_, status, end) => {
    expect(toAttemptEnd(status, true)).toEqual(end);
  });

  it('is nobody’s fault where it took too long before it got a machine', () => {
    expect(toAttemptEnd(ended({ kind: 'expired' }), false)).toEqual({ kind: 'interrupted' });
  });

  it('that fell silent is a failed attempt, unless its machine was taken or is silent itself', () => {
    expect(toLostEnd({ kind: 'running', disruption: null })).toMatchObject({ kind: 'failed' });
    expect(toLostEnd({ kind: 'unknown' })).toMatchObject({ kind: 'failed' });
    expect(toLostEnd({ kind: 'running', disruption: 'd' })).toEqual({ kind: 'preempted', reason: 'd' });
    expect(toLostEnd({ kind: 'waiting', reason: 'r' })).toEqual({ kind: 'interrupted' });
    expect(toLostEnd(ended({ kind: 'exit', exit: 'interrupted' }))).toEqual({ kind: 'interrupted' });
  });
});
