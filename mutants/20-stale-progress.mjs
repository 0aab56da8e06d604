/** Older news of a run overwrites newer. */
export default {
  invariant: 20,
  statement: 'Stale news of a run changes nothing',
  file: 'apps/models-api/src/runs/runs.repository.ts',
  find: `AND state = 'live' AND sequence < $3`,
  replace: `AND state = 'live'`,
  project: 'integration',
  test: 'apps/models-api/src/redelivery.int.test.ts',
  assertion:
    'the state after the worst delivery is that of one delivery in order for the news of a run and its end, come they in any order, repeatedly, to two instances',
};
