import { inTime } from './index';

const never = new Promise<never>(() => undefined);

describe('inTime', () => {
  it('answers what came in time, be it good or bad', async () => {
    await expect(inTime(Promise.resolve(7), 1000)).resolves.toBe(7);
    await expect(inTime(Promise.reject(new Error('bad')), 1000)).rejects.toThrow('bad');
  });

  it('rejects what takes too long, and drops a failure that comes later', async () => {
    await expect(inTime(never, 10, 'nobody is there')).rejects.toThrow('nobody is there');
    let fail = (_: Error): void => undefined;
    const late = new Promise<never>((_, reject) => (fail = reject));
    await expect(inTime(late, 10)).rejects.toThrow('no answer in time');
    fail(new Error('too late'));
    // An unhandled rejection would end the test's process.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
