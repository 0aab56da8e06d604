export default {
  invariant: 7,
  statement: 'One charge for each succeeded run, and no hold left open',
  file: 'apps/billing/src/holds/holds.repository.ts',
  find: "AND state IN ('placed', 'confirmed', 'expired')",
  replace: "AND state IN ('placed', 'expired')",
  project: 'integration',
  test: 'apps/billing/src/holds/holds.int.test.ts',
  assertion:
    'a hold is posted by the success of its run, released by its failure or its cancellation, and stays so whatever is heard again',
};
