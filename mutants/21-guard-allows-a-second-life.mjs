/** The guard in PostgreSQL lets a run that has succeeded queue again. */
export default {
  invariant: 21,
  statement: 'PostgreSQL refuses every move of a run that the table of moves does not have',
  file: 'apps/trainer/src/migrations/0001-training.ts',
  find: `    'cancelling>cancelled'
  ]) THEN`,
  replace: `    'cancelling>cancelled', 'cancelling>queued'
  ]) THEN`,
  project: 'integration',
  test: 'apps/trainer/src/runs/run-guard.int.test.ts',
  assertion: 'the guard in PostgreSQL allows from cancelling exactly the moves of the table, for every pair',
};
