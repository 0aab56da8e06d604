/** A move does not look at the epoch: whoever lost the run can still move it. */
export default {
  invariant: 22,
  statement: 'A zombie moves nothing: every move is of the epoch that is valid now',
  file: 'apps/trainer/src/runs/runs.repository.ts',
  find: `          WHERE id = $1 AND state = $2 AND epoch = $3 RETURNING \${runColumns}
       ), noted AS (`,
  replace: `          WHERE id = $1 AND state = $2 AND $3::int IS NOT NULL RETURNING \${runColumns}
       ), noted AS (`,
  project: 'integration',
  test: 'apps/trainer/src/runs/run-guard.int.test.ts',
  assertion: 'a conditional move changes nothing for an epoch that is over, or once the run is terminal',
};
