/** A checkpoint is a row, whether its object is there or not. */
export default {
  invariant: 45,
  statement: 'A run goes on from the newest checkpoint that is there',
  file: 'apps/trainer/src/runners/checkpoints.service.ts',
  find: '      if (await this.store.exists(keyOf(run, checkpoint))) return checkpoint;',
  replace: `      if (keyOf(run, checkpoint) !== '') return checkpoint;`,
  project: 'integration',
  test: 'apps/trainer/src/crashes.int.test.ts',
  assertion:
    'a checkpoint whose object is gone, as a restored backup may have it is none: the run goes on from the one before, and this counts as no failed attempt',
};
