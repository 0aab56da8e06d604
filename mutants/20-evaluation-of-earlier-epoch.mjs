/** An evaluation of an epoch that is over finishes the run. */
export default {
  invariant: 20,
  statement: 'A stale evaluation changes nothing, and is counted',
  file: 'apps/trainer/src/runs/runs.service.ts',
  find: "run?.state === 'evaluating' && run.epoch === evaluation.epoch",
  replace: "run?.state === 'evaluating'",
  project: 'integration',
  test: 'apps/trainer/src/stale-events.int.test.ts',
  assertion: 'a stale event changes nothing and is counted evaluation.completed of an earlier epoch',
};
