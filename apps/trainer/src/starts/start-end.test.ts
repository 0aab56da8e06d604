import type { StartEnd, StartStatus } from './executor';
import { toAttemptEnd, toInterruptedEnd, toLostEnd } from './start-end';

const taken: StartEnd = { kind: 'preempted', reason: 'd' };
const tooLong = { kind: 'failed', message: 'Training took longer than a run may take.' };
const waiting: StartStatus = { kind: 'waiting', reason: 'r', givenUp: null };
const givenUp: StartStatus = { ...waiting, givenUp: { kind: 'unplaced', reason: 'u' } };
const ended = (end: StartEnd): StartStatus => ({ kind: 'ended', end });

describe('the end of a start', () => {
  it.each<[string, StartStatus, object | null]>([
    ['one that waits is not over', waiting, null],
    ['one whose run is claimed is at work, though its host has seen it wait too long', givenUp, null],
    ['one that runs is not over, though its machine is being taken', { kind: 'running', ending: taken }, null],
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
    ['one that took too long is a failed attempt', ended({ kind: 'expired' }), tooLong],
  ])('%s', (_, status, end) => {
    expect(toAttemptEnd(status, true)).toEqual(end);
  });

  it('is that it was given up, where nobody has claimed the run', () => {
    expect(toAttemptEnd(givenUp, false)).toEqual({ kind: 'unplaced', reason: 'u' });
    expect(toAttemptEnd(waiting, false)).toBeNull();
  });

  it('is nobody’s fault where it took too long before it got a machine', () => {
    expect(toAttemptEnd(ended({ kind: 'expired' }), false)).toEqual({ kind: 'interrupted' });
  });

  it('that fell silent is a failed attempt, unless its machine was taken or is silent itself', () => {
    expect(toLostEnd({ kind: 'running', ending: null })).toMatchObject({ kind: 'failed' });
    expect(toLostEnd({ kind: 'unknown' })).toMatchObject({ kind: 'failed' });
    expect(toLostEnd({ kind: 'running', ending: taken })).toEqual(taken);
    expect(toLostEnd({ kind: 'running', ending: { kind: 'expired' } })).toEqual(tooLong);
    expect(toLostEnd(waiting)).toEqual({ kind: 'interrupted' });
    expect(toLostEnd(ended({ kind: 'exit', exit: 'interrupted' }))).toEqual({ kind: 'interrupted' });
  });

  it('that says itself that it was asked to end is a failed attempt where its time was over, and no fault of the run else', () => {
    for (const end of [{ kind: 'running', ending: { kind: 'expired' } } as const, ended({ kind: 'expired' })])
      expect(toInterruptedEnd(end)).toEqual(tooLong);
    for (const end of [{ kind: 'running', ending: taken } as const, ended(taken)])
      expect(toInterruptedEnd(end)).toEqual(taken);
    const others: StartStatus[] = [
      { kind: 'running', ending: null },
      { kind: 'unknown' },
      ended({ kind: 'exit', exit: 'interrupted' }),
    ];
    for (const status of others) expect(toInterruptedEnd(status)).toEqual({ kind: 'interrupted' });
  });
});
