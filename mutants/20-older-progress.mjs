/** Progress that was overtaken is taken as news. */
export default {
  invariant: 20,
  statement: 'Stale news of a run changes nothing, and is counted',
  file: 'apps/models-api/src/runs/runs.repository.ts',
  find: "AND state = 'live' AND sequence < $3",
  replace: "AND state = 'live'",
  project: 'integration',
  test: 'apps/models-api/src/stale-events.int.test.ts',
  assertion: 'a stale event changes nothing and is counted training.run-progressed with a lower sequence than the last',
};
