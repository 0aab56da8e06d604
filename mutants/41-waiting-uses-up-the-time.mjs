/** A deadline is the run's fault though it waited for its machine nearly all of the time. */
export default {
  invariant: 41,
  statement:
    'A run whose machine was taken, or that only waited for one, has not failed; one that used up its time has',
  file: 'apps/trainer/src/starts/kubernetes/start-meaning.ts',
  find: "  return ranMs < mostMs ? { kind: 'interrupted' } : { kind: 'expired' };",
  replace: "  return ranMs < 0 * mostMs ? { kind: 'interrupted' } : { kind: 'expired' };",
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/start-meaning.test.ts',
  assertion: 'what the cluster says of a start means a deadline of which its wait for a machine took the most',
};
