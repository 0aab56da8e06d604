/** An evaluation finishes a run that was cancelled meanwhile. */
export default {
  invariant: 25,
  statement: 'A cancel and a success at the same moment leave one end: the first',
  file: 'apps/trainer/src/runs/runs.service.ts',
  find: "run?.state === 'evaluating' && run.epoch",
  replace: 'run && run.epoch',
  project: 'integration',
  test: 'apps/trainer/src/runs/life-of-runs.int.test.ts',
  assertion:
    'a cancel that races the end of its run that holds the run when the success comes wins, and the other way round',
};
