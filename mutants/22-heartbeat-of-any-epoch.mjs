/** A heartbeat does not look at the epoch: a zombie keeps the lease of the one who took over. */
export default {
  invariant: 22,
  statement: 'A zombie is answered stop: a heartbeat is of the epoch that is valid now',
  file: 'apps/trainer/src/runs/runs.repository.ts',
  find: `WHERE id = $1 AND starts = $2 AND epoch = $3 AND state IN`,
  replace: `WHERE id = $1 AND starts = $2 AND $3::int IS NOT NULL AND state IN`,
  project: 'integration',
  test: 'apps/trainer/src/crashes.int.test.ts',
  assertion: 'a zombie speaking for an old epoch under the current token is answered stop too',
};
