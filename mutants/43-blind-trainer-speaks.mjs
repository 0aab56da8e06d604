/** A trainer that does not see the cluster tells what runs wait for. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/starter.ts',
  find: `    if (!this.executor.isCurrent()) return;
`,
  replace: '',
  project: 'k8s',
  test: 'apps/trainer/src/starts/kubernetes/starts-in-a-cluster.k8s.test.ts',
  assertion:
    'runs that start in a cluster are told of by the trainers that see the cluster, whatever one thinks that does not',
};
