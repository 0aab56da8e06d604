/** A trainer that does not see the cluster any more goes on to count how long starts have waited there. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/kubernetes/kubernetes-executor.ts',
  find: `      if (!this.isCurrent()) return { ...status, givenUp: null };
`,
  replace: '',
  project: 'k8s',
  test: 'apps/trainer/src/starts/kubernetes/kubernetes-executor.k8s.test.ts',
  assertion: 'a start in a cluster is given up by nobody who does not see the cluster: it may be at work by now',
};
