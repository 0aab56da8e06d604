/** A trainer that does not see the cluster says why a run has fallen silent. */
export default {
  invariant: 41,
  statement:
    'A run whose machine was taken, or that only waited for one, has not failed; one that used up its time has',
  file: 'apps/trainer/src/reconciler/lost-starts.service.ts',
  find: `      if (lost.host === this.executor.host && !this.executor.isCurrent()) continue;
`,
  replace: '',
  project: 'integration',
  test: 'apps/trainer/src/reconciler/lost-starts.int.test.ts',
  assertion:
    'a start that has fallen silent is judged by a trainer that sees its host, and by no other: why it is silent only the host can say',
};
