/** A start that is not in the copy of the cluster is taken for gone, without the API server having said so. */
export default {
  invariant: 44,
  statement: 'Rows and Jobs are made one, whoever died in between',
  file: 'apps/trainer/src/starts/kubernetes/kubernetes-executor.ts',
  find: `    return status.kind === 'unknown' && killedAt === undefined ? this.judgeUnknown(start) : status;`,
  replace: '    return status;',
  project: 'k8s',
  test: 'apps/trainer/src/starts/kubernetes/starts-in-a-cluster.k8s.test.ts',
  assertion:
    'runs that start in a cluster are told of by the trainers that see the cluster, whatever one thinks that does not',
};
