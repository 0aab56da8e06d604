import fc from 'fast-check';
import { advance, canMove, isTerminal, judgeAttempt, runStates, transitions, type RunState } from './run';

describe('the run state machine', () => {
  it('lets nothing leave a terminal state', () => {
    expect(runStates.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled']);
  });

  it('reaches every state from queued, and a terminal one from every state', () => {
    expect(reachable('queued').sort()).toEqual([...runStates].sort());
    for (const state of runStates) expect(reachable(state).some(isTerminal)).toBe(true);
  });

  it('never turns back once an artifact is verified', () => {
    for (const state of ['evaluating', 'finalizing', 'cancelling'] as const) {
      expect(reachable(state)).not.toContain('queued');
    }
  });

  it('answers canMove as its table says, for every pair', () => {
    for (const from of runStates)
      for (const to of runStates) expect(canMove(from, to)).toBe(transitions[from].includes(to));
  });
});

describe('attempts', () => {
  it('end in failure after exactly the allowed number of failed ones, however many interruptions lie between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('failed', 'interrupted'), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (ends, max) => {
          let run = { failedAttempts: 0, starts: 0 };
          let failures = 0;
          for (const kind of ends) {
            const end =
              kind === 'failed' ? ({ kind, message: 'It stopped.' } as const) : ({ kind: 'interrupted' } as const);
            const verdict = judgeAttempt({ ...run, state: 'training', starts: run.starts + 1 }, end, max);
            failures += kind === 'failed' ? 1 : 0;
            expect(verdict.failedAttempts).toBe(failures);
            expect(verdict.to).toBe(failures >= max && kind === 'failed' ? 'failed' : 'queued');
            if (verdict.to === 'failed') return;
            expect(verdict.delayMs).toBeGreaterThan(0);
            expect(verdict.delayMs).toBeLessThanOrEqual(60_000);
            run = { failedAttempts: verdict.failedAttempts, starts: run.starts + 1 };
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a start that lost its machine', () => {
  it('is no failed attempt, however often, and its run waits no longer for it', () => {
    const run = { failedAttempts: 2, starts: 40, state: 'training' } as const;
    const verdict = judgeAttempt(run, { kind: 'preempted', reason: 'x' }, 3);
    expect(verdict).toEqual({ to: 'queued', failedAttempts: 2, delayMs: 0 });
  });

  it('waits longer each time where it ended before its start had claimed the run: its machine may refuse every pod', () => {
    const delayOf = (starts: number): unknown =>
      judgeAttempt({ failedAttempts: 2, starts, state: 'queued' }, { kind: 'preempted', reason: 'x' }, 3);
    expect([1, 2, 40].map(delayOf)).toEqual(
      [1000, 2000, 60_000].map((delayMs) => ({ to: 'queued', failedAttempts: 2, delayMs })),
    );
  });

  it('is told from one that the platform failed, which is not the engine’s fault', () => {
    const end = { kind: 'failed', fault: 'platform', message: 'No image.' } as const;
    expect(judgeAttempt({ failedAttempts: 2, starts: 3, state: 'training' }, end, 3)).toMatchObject({
      failure: { kind: 'platform' },
    });
  });
});

describe('the progress that a customer sees', () => {
  it('never falls and stays within 0 and 100, whatever is reported', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -10, max: 200 })), (reports) => {
        let shown = 0;
        for (const report of reports) {
          const next = advance(shown, report);
          expect(next).toBeGreaterThanOrEqual(shown);
          expect(next).toBeLessThanOrEqual(100);
          shown = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});

function reachable(from: RunState): RunState[] {
  const found = new Set<RunState>([from]);
  for (const state of found) for (const to of transitions[state]) found.add(to);
  return [...found];
}
