/** A Job that Kueue has suspended is read as one that nobody touches: its runner is said to have failed. */
export default {
  invariant: 41,
  statement:
    'A run whose machine was taken, or that only waited for one, has not failed; one that used up its time has',
  file: 'apps/trainer/src/starts/kubernetes/start-meaning.ts',
  find: `  if (job?.spec?.suspend === true) return words.taken;
`,
  replace: '',
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/kueue-queue.test.ts',
  assertion:
    'a start whose Job Kueue has suspended is losing its machine while its pod is there, and has lost it when the pod is gone, however it ended',
};
