import fc from 'fast-check';
import { phases, ProgressScale, type Phase } from './progress';

const names = Object.keys(phases) as Phase[];

describe('the progress scale of a run', () => {
  it('only ever grows, in whatever order phases and steps are reported', () => {
    const report = fc.oneof(
      fc.constantFrom(...names).map((phase) => ({ phase })),
      fc.record({ done: fc.nat(100), total: fc.nat(100), eta: fc.option(fc.nat(1000)) }),
    );
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        const scale = new ProgressScale(() => 10);
        let last = 0;
        for (const said of reports) {
          const { progress } = 'phase' in said ? scale.enter(said.phase) : scale.step(said.done, said.total, said.eta);
          expect(progress).toBeGreaterThanOrEqual(last);
          expect(progress).toBeLessThanOrEqual(98);
          last = progress;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives every phase a share that begins where the one before ends', () => {
    names.reduce((end, name) => {
      expect(phases[name].from).toBe(end);
      return phases[name].to;
    }, 0);
  });

  it('knows no time left before the first step of training, then what the engine says and what follows', () => {
    const scale = new ProgressScale(() => 10);
    expect(scale.enter('training').etaSeconds).toBeNull();
    // 15 s to package, 10 recordings by two models at half a second each, 3 s to upload.
    expect(scale.step(1, 10, 90)).toMatchObject({ stage: 'training', etaSeconds: 90 + 15 + 10 + 3 });
  });

  it('replaces the guess of the second decode by the measured time of the first', () => {
    let now = 0;
    const scale = new ProgressScale(
      () => 10,
      () => now,
    );
    scale.enter('decoding_base');
    now = 40_000;
    expect(scale.enter('decoding_custom').etaSeconds).toBe(40 + 3);
  });
});
