/** A start of any class is ordered for machines that others hold. */
export default {
  invariant: 42,
  statement:
    'No more starts wait for a machine than machines that they may get, and nobody loses one to a run that may not take it',
  file: 'apps/trainer/src/starts/kubernetes/capacity.ts',
  find: `  if (priorityClass !== settings.priorityClasses.enterprise) return null;
`,
  replace: '',
  project: 'unit',
  test: 'apps/trainer/src/starts/kubernetes/capacity.test.ts',
  assertion: 'a run goes to the first pool with room, and waits when there is none',
};
