/** Only what a quota has counted already counts against it: starts that were ordered a moment ago do not. */
export default {
  invariant: 42,
  statement:
    'No more starts wait for a machine than machines that they may get, and nobody loses one to a run that may not take it',
  file: 'apps/trainer/src/starts/kubernetes/capacity.ts',
  find: '    return sum(holdings) + others + demand <= hard;',
  replace: '    return sum(counted) + others + demand <= hard;',
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/capacity.test.ts',
  assertion: 'a run starts only where every quota has room, what others use of it and what it counts late included',
};
