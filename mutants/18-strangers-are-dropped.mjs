/** A message that no handler is for is acknowledged and forgotten. */
export default {
  invariant: 18,
  statement: 'What a consumer has no handler for becomes a dead letter, and is never dropped',
  file: 'packages/messaging/src/handle.ts',
  find: 'if (event instanceof PermanentFailure) return this.fail(delivery, eventIdOf(delivery.body), event);',
  replace: "if (event instanceof PermanentFailure) return { kind: 'duplicate' };",
  project: 'integration',
  test: 'packages/messaging/src/consumers.int.test.ts',
  assertion: 'consumers set aside an event that they have no handler for, and drop nothing',
};
