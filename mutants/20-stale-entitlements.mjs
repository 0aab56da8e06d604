/** An older revision of what an organization may do overwrites a newer one. */
export default {
  invariant: 20,
  statement: 'A stale revision of what an organization may do changes nothing',
  file: 'apps/models-api/src/organizations/organizations.repository.ts',
  find: `WHERE id = $1 AND entitlements_revision < $`,
  replace: `WHERE id = $1 AND 0 < $`,
  project: 'integration',
  test: 'apps/models-api/src/redelivery.int.test.ts',
  assertion:
    'the state after the worst delivery is that of one delivery in order for what billing says an organization may do: the newest of its revisions stands',
};
