import * as fc from 'fast-check';
import { WindowOracle } from '../test-support/window-oracle';
import { requestRules, type RequestPolicy } from './request-policy';
import { SlidingWindow } from './sliding-window';
import { unlimited } from '@attune/kernel';

const START_MS = 1_700_000_000_123;
const policies = fc.record({
  policy: fc.constant('requests_per_minute' as const),
  quota: fc.integer({ min: 0, max: 20 }),
  windowSeconds: fc.constantFrom(60, 3600, 86_400),
});
/** Pauses as a part of the window: mostly short, sometimes longer than all of it. */
const pauses = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.double({ min: 0, max: 0.05, noNaN: true }) },
    fc.double({ min: 0, max: 1.2, noNaN: true }),
  ),
  {
    maxLength: 60,
  },
);

function moments(policy: RequestPolicy, parts: readonly number[]): number[] {
  let at = START_MS;
  return parts.map((part) => (at += Math.floor(part * policy.windowSeconds * 1000)));
}

describe('a sliding window', () => {
  it('agrees with a list of what was let in, and never lets more than its quota into any stretch of its length', () => {
    fc.assert(
      fc.property(policies, pauses, (policy, parts) => {
        const window = new SlidingWindow(policy);
        const oracle = new WindowOracle(policy);
        for (const at of moments(policy, parts)) {
          const { used, opensAtMs } = window.look(at);
          expect(used).toBe(oracle.used(at));
          expect(opensAtMs === null).toBe(used < policy.quota);
          if (opensAtMs !== null) continue;
          window.add(at);
          oracle.add(at, 1);
        }
        expect(oracle.mostInAnyWindow()).toBeLessThanOrEqual(policy.quota);
      }),
      { numRuns: 1000 },
    );
  });

  it('has room exactly when it said it would, and not a millisecond earlier', () => {
    fc.assert(
      fc.property(policies, pauses, (policy, parts) => {
        fc.pre(policy.quota > 0);
        const window = new SlidingWindow(policy);
        let last = START_MS;
        for (const at of moments(policy, parts)) {
          last = at;
          if (window.look(at).opensAtMs === null) window.add(at);
        }
        while (window.look(last).opensAtMs === null) window.add(last);
        const opensAtMs = window.look(last).opensAtMs ?? 0;
        expect(opensAtMs - last).toBeLessThanOrEqual(policy.windowSeconds * 1000 * (1 + 1 / 60));
        expect(window.look(opensAtMs - 1).opensAtMs).toBe(opensAtMs);
        expect(window.look(opensAtMs).opensAtMs).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('counts on when a clock is put back', () => {
    const window = new SlidingWindow({ policy: 'requests_per_minute', quota: 2, windowSeconds: 60 });
    window.add(START_MS);
    window.add(START_MS - 3_600_000);
    expect(window.look(START_MS - 3_600_000)).toMatchObject({ used: 2 });
    expect(window.look(START_MS).used).toBe(2);
  });
});

describe('the rules of a plan', () => {
  it('count looks once more than changes, and leave out what is unlimited', () => {
    const limits = { ...unlimited, requestsPerMinute: 120, requestsPerDay: 50_000, statusChecksPerMinute: 100 };
    const { policies: of, concurrent } = requestRules(1, limits);
    expect(of.other.map(({ policy, windowSeconds }) => [policy, windowSeconds])).toEqual([
      ['requests_per_minute', 60],
      ['requests_per_day', 86_400],
    ]);
    expect(of.status_check.map(({ policy }) => policy)).toEqual([
      'status_checks_per_minute',
      'requests_per_minute',
      'requests_per_day',
    ]);
    expect(concurrent).toBeNull();
  });
});
