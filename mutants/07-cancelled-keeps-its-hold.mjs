export default {
  invariant: 7,
  statement: 'A cancelled run costs nothing: its hold is released',
  file: 'apps/billing/src/holds/holds.consumer.ts',
  find: "'training.run-cancelled.v1': ({ data }, tx) => holds.release(tx, runOf(data)),",
  replace: "'training.run-cancelled.v1': ({ data }, tx) => holds.confirm(tx, runOf(data)),",
  project: 'integration',
  test: 'apps/billing/src/holds/holds.int.test.ts',
  assertion:
    'a hold is posted by the success of its run, released by its failure or its cancellation, and stays so whatever is heard again',
};
