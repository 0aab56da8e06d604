/** The exit code of a pod that was preempted counts as its program's. */
export default {
  invariant: 41,
  statement:
    'A run whose machine was taken, or that only waited for one, has not failed; one that used up its time has',
  file: 'apps/trainer/src/starts/kubernetes/start-meaning.ts',
  find: "  if (condition?.status === 'True') return disruptions",
  replace: "  if (condition?.status === 'Unknown') return disruptions",
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/start-meaning.test.ts',
  assertion: 'what the cluster says of a start means an exit after preemption, whatever the code',
};
