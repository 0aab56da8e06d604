import { delay } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { Lease } from './lease';
import { Stopped } from './run-errors';

const logger = createLogger('test', 'silent');

// The clock stands still but for what a test lets pass: a busy machine has no say in who holds a lease.
beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe("a runner's lease", () => {
  it('is kept by heartbeats, also when some of them fail', async () => {
    const lease = new Lease(logger);
    let beats = 0;
    lease.keep(400, performance.now(), () =>
      ++beats % 2 === 0 ? Promise.reject(new Error('away')) : Promise.resolve(),
    );
    await jest.advanceTimersByTimeAsync(4000);
    expect(lease.signal.aborted).toBe(false);
    expect(beats).toBe(40);
    await lease.release();
  });

  it('is given up before it runs out when no heartbeat gets through', async () => {
    const lease = new Lease(logger);
    const started = performance.now();
    // A trainer that hangs: each heartbeat takes all the time it is given.
    lease.keep(400, started, (timeoutMs) => delay(timeoutMs).then(() => Promise.reject(new Error('away'))));
    await jest.advanceTimersByTimeAsync(300);
    expect(lease.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(50);
    expect(lease.signal.aborted).toBe(true);
    expect(() => lease.check()).toThrow(Stopped);
  });

  it('is lost at once when the trainer says stop', async () => {
    const lease = new Lease(logger);
    lease.keep(200, performance.now(), () => Promise.reject(new Stopped('stop')));
    await jest.advanceTimersByTimeAsync(50);
    expect(lease.signal.aborted).toBe(true);
  });

  it('counts from before the claim was sent, so that a slow answer makes it shorter, never longer', () => {
    const lease = new Lease(logger);
    lease.keep(400, performance.now() - 1000, () => Promise.resolve());
    expect(() => lease.check()).toThrow(Stopped);
    return lease.release();
  });
});
