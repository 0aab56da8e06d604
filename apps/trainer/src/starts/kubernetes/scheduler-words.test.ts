import { toWaitingReason } from './scheduler-words';

describe('what the scheduler says', () => {
  it.each([
    ['no nodes available to schedule pods', 'No machine of its kind is running. It waits for one to be started.'],
    [
      "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
      'No machine of its kind is running. It waits for one to be started.',
    ],
    [
      "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod.",
      'All machines of its kind are at work. It waits for one to become free or to be started.',
    ],
    [
      '0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: not helpful.',
      'The machines of its kind take no work at the moment. It waits for one.',
    ],
    ['', 'It waits for a machine.'],
  ])('%j is told in plain words', (message, words) => {
    expect(toWaitingReason(message)).toBe(words);
  });

  it('is told in the same words whatever the numbers: each change of them would be news', () => {
    const say = (n: number) =>
      toWaitingReason(`0/${String(n)} nodes are available: ${String(n)} Insufficient nvidia.com/gpu.`);
    expect(new Set([1, 2, 50].map(say)).size).toBe(1);
  });
});
