import type { RunnerEvent } from '../runner-protocol/protocol';
import { Reporter } from './reporter';

describe('the reporter', () => {
  it('sends everything said, in order, each batch under the next sequence, and of progress only the newest', async () => {
    const batches: { sequence: number; events: readonly RunnerEvent[] }[] = [];
    const reporter = new Reporter((sequence, events) => Promise.resolve(void batches.push({ sequence, events })));
    for (let i = 1; i <= 1200; i += 1) {
      reporter.log('info', `line ${String(i)}`);
      reporter.show({ stage: 'training', progress: i / 100, etaSeconds: null });
    }
    await reporter.flush();
    expect(batches.map(({ sequence }) => sequence)).toEqual(batches.map((_, i) => i + 1));
    const said = batches.flatMap(({ events }) => events);
    expect(said.flatMap((e) => (e.type === 'log' ? e.message : []))).toEqual(
      Array.from({ length: 1200 }, (_, i) => `line ${String(i + 1)}`),
    );
    expect(said.filter(({ type }) => type === 'progress')).toEqual([
      { type: 'progress', progress: 12, eta_seconds: null },
    ]);
  });

  it('says so when its words can no longer be delivered', async () => {
    const reporter = new Reporter(() => Promise.reject(new Error('stop')));
    reporter.log('info', 'hello');
    await expect(reporter.flush()).rejects.toThrow('stop');
  });
});
