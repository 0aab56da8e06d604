/** A start is judged while it is still being made, and given up because nothing of it is there. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/starter.ts',
  find: '    const isMade = (run: Run): boolean => !this.making.has(keyOf(startOf(run)));',
  replace: '    const isMade = (run: Run): boolean => run.starts > 0;',
  project: 'integration',
  test: 'apps/trainer/src/starts/starter.int.test.ts',
  assertion:
    'a pass of the starter judges no start that is still being made, makes others beside it, and the end waits for all',
};
