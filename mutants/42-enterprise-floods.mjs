/** A start of the highest class waits for machines that its like holds already. */
export default {
  invariant: 42,
  statement:
    'No more starts wait for a machine than machines that they may get, and nobody loses one to a run that may not take it',
  file: 'apps/trainer/src/starts/kubernetes/capacity.ts',
  find: '  const taken = pools.find((pool) => unitsIn(pool, kept) + start.units <= pool.slots);',
  replace: '  const taken = pools.find((pool) => unitsIn(pool, kept) <= pool.slots);',
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/capacity.test.ts',
  assertion: 'a run never makes more wait than there are machines for: whatever comes in whatever order',
};
