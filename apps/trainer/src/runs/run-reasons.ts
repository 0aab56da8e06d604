/** Reasons of failed attempts, in the customer's words: they end up in `status_message` when a run fails for good. */
export const reasons = {
  silent: 'The machine that trained it stopped answering.',
  ended: 'The training program ended unexpectedly.',
  notVerified: 'The trained model did not pass its check for completeness.',
  outOfMemory: 'The training program ran out of memory.',
  deadline: 'Training took longer than a run may take.',
  image: 'The training program could not be fetched.',
  container: 'The training program could not be started on its machine.',
  preempted: (reason: string, hasBegun: boolean): string =>
    hasBegun
      ? `${reason} Training goes on from its last checkpoint on another one.`
      : `${reason} It waits for another one.`,
  evaluation: (message: string): string => `The model was trained, but could not be evaluated. ${message}`,
} as const;
