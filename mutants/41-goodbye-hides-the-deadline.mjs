/** A runner that is asked to end because its time is over says that it was interrupted, and is believed. */
export default {
  invariant: 41,
  statement:
    'A run whose machine was taken, or that only waited for one, has not failed; one that used up its time has',
  file: 'apps/trainer/src/starts/start-end.ts',
  find: "  return end?.kind === 'preempted' || end?.kind === 'expired' ? fromEnd(end, true) : { kind: 'interrupted' };",
  replace: "  return end?.kind === 'preempted' ? fromEnd(end, true) : { kind: 'interrupted' };",
  project: 'unit',
  test: 'apps/trainer/src/starts/start-end.test.ts',
  assertion:
    'the end of a start that says itself that it was asked to end is a failed attempt where its time was over, and no fault of the run else',
};
