import { isPossible, KillLab, moments, targets, type Moment, type Target } from './test-support/kill-lab';

jest.setTimeout(360_000);

/** One of each kind in every test run; the whole matrix by bench/kill-matrix. */
const part: [Target, Moment][] = [
  ['models-api', 'queued'],
  ['trainer', 'preparing'],
  ['postgres', 'training'],
  ['runner', 'training'],
  ['engine', 'training'],
  ['nats', 'decoding'],
  ['evaluator', 'evaluating'],
  ['billing', 'evaluating'],
];
const whole = moments.flatMap((moment) =>
  targets.filter((target) => isPossible(target, moment)).map((target): [Target, Moment] => [target, moment]),
);

describe('a run whose platform loses a process', () => {
  let lab: KillLab;
  beforeAll(async () => {
    lab = await KillLab.open();
  });
  afterAll(() => lab.close());

  it.each(process.env['ATTUNE_KILL_MATRIX'] === 'whole' ? whole : part)(
    'succeeds once, with one version, one usage record and one charge, though %s is killed while it is %s',
    async (target, moment) => {
      expect(await lab.killDuringRun(target, moment)).toEqual({
        status: 4,
        versions: 1,
        usages: 1,
        charges: 1,
        openHolds: 0,
      });
    },
  );
});
