import { delay, inParallel } from './index';

describe('inParallel', () => {
  it('does every item once, no more than so many at once', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await inParallel([0, 1, 2, 3, 4, 5, 6], 3, async (item, index) => {
      most = Math.max(most, (running += 1));
      expect(item).toBe(index);
      await delay(5);
      running -= 1;
      done.push(item);
    });
    expect(done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(3);
  });

  it('begins nothing more after a failure, and rejects with it when nothing runs any more', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = inParallel([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 0) throw new Error('bad');
      await delay(20);
      ended.push(item);
    });
    await expect(work).rejects.toThrow('bad');
    expect(begun).toEqual([0, 1]);
    expect(ended).toEqual([1]);
  });
});
