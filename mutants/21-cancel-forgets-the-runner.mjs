/** A run whose start is ordered is cancelled as if nobody worked on it. */
export default {
  invariant: 21,
  statement: 'A run makes legal moves only, whatever happens to it, and ends only when nothing of it is at work',
  file: 'apps/trainer/src/runs/run-cancellations.service.ts',
  find: "run.state === 'queued' && run.host === null",
  replace: "run.state === 'queued'",
  project: 'integration',
  test: 'apps/trainer/src/runs/life-of-runs.int.test.ts',
  assertion:
    'a run, whatever happens to it in whatever order makes legal moves only, told to its owner in the order in which they were made',
};
