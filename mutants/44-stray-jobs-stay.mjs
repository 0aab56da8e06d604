/** Jobs that no row speaks of run on. */
export default {
  invariant: 44,
  statement: 'Rows and Jobs are made one, whoever died in between',
  file: 'apps/trainer/src/starts/starter.ts',
  find: `      (name) => this.executor.stop(name),
`,
  replace: `      () => Promise.resolve(),
`,
  project: 'k8s',
  test: 'apps/trainer/src/starts/kubernetes/starts-in-a-cluster.k8s.test.ts',
  assertion:
    'runs that start in a cluster are made one with their Jobs when a trainer starts: rows without a Job start again, Jobs without a row go',
};
