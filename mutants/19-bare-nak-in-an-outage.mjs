/** The same while something is away. */
export default {
  invariant: 19,
  statement: 'While something is away, its events come again after a pause, not at once',
  file: 'packages/messaging/src/consumer-loop.ts',
  find: `message.nak(at(DEFER_DELAYS_MS, message.info.deliveryCount));`,
  replace: `message.nak();`,
  project: 'integration',
  test: 'packages/messaging/src/consumers.int.test.ts',
  assertion: 'consumers try again only after a pause, after a failure as well as in an outage',
};
