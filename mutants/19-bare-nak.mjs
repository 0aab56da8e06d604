/** A failed event is given back without a delay: the broker delivers it again at once. */
export default {
  invariant: 19,
  statement: 'A failed event comes again after a pause, not at once',
  file: 'packages/messaging/src/consumer-loop.ts',
  find: `message.nak(at(this.settings.retryDelaysMs ?? RETRY_DELAYS_MS, outcome.attempts));`,
  replace: `message.nak();`,
  project: 'integration',
  test: 'packages/messaging/src/consumers.int.test.ts',
  assertion: 'consumers try again only after a pause, after a failure as well as in an outage',
};
