/** A pod that is asked to end is taken for a free machine. */
export default {
  invariant: 42,
  statement:
    'No more starts wait for a machine than machines that they may get, and nobody loses one to a run that may not take it',
  file: 'apps/trainer/src/starts/kubernetes/occupancy.ts',
  find: "  return pod.status?.phase === 'Pending' || pod.status?.phase === 'Running';",
  replace: `  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  return pod.status?.phase === 'Pending' || pod.status?.phase === 'Running';`,
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/occupancy.test.ts',
  assertion: 'what the cluster holds is held by a pod until it has ended, though it is asked to',
};
