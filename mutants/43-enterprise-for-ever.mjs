/** Runs of lower plans never get their turn while Enterprise has always something to do. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/queue.repository.ts',
  find: 'is_old OR coalesce(',
  replace: 'coalesce(',
  project: 'integration',
  test: 'apps/trainer/src/starts/queue.int.test.ts',
  assertion: 'the order of starts lets a run that has waited for half a day go before newer ones of the highest class',
};
