/** The erasure of a model does not wait for a request of a run that is being committed, and misses its run. */
export default {
  invariant: 13,
  statement: 'A run does not outlive its model, in whatever order its request and the erasure come',
  file: 'apps/trainer/src/runs/runs.repository.ts',
  find: `    await this.lockModel(tx, modelId);
    await tx.execute(`,
  replace: `    await tx.execute(`,
  project: 'integration',
  test: 'apps/trainer/src/runs/redelivery.int.test.ts',
  assertion:
    'the state after the worst delivery is that of one delivery in order for a request that is being committed while its model is erased: the erasure waits and takes the run with it',
};
