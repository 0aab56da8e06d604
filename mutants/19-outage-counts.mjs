/** What is away counts as the event's own failure. */
export default {
  invariant: 19,
  statement: 'An outage does not use up the attempts of an event',
  file: 'packages/messaging/src/handle.ts',
  find: `if (delivery.signal.aborted || isInfrastructureFailure(error)) {`,
  replace: `if (delivery.signal.aborted) {`,
  project: 'integration',
  test: 'packages/messaging/src/consumers.int.test.ts',
  assertion: 'consumers do not count failures of something that is away for a while',
};
