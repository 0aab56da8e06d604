/** A run that has just lost its machine may lose the next one at once. */
export default {
  invariant: 42,
  statement:
    'No more starts wait for a machine than machines that they may get, and nobody loses one to a run that may not take it',
  file: 'apps/trainer/src/starts/kubernetes/capacity.ts',
  find: 'lostMsAgo < settings.protectedForMs ?',
  replace: 'lostMsAgo < 0 * settings.protectedForMs ?',
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/capacity.test.ts',
  assertion: 'a run that lost its machine within the hour is protected, and on a pool that stays after it has lost two',
};
