/** An event is acknowledged when it arrives, not when its effect is committed. */
export default {
  invariant: 11,
  statement: 'Committed intents are effects: each once, and no other, whenever a process dies',
  file: 'packages/messaging/src/consumer-loop.ts',
  find: `    try {
      const outcome = await handler.handle({`,
  replace: `    try {
      message.ack();
      const outcome = await handler.handle({`,
  project: 'integration',
  test: 'packages/messaging/src/crashes.int.test.ts',
  assertion:
    "committed intents are effects, with the usual duplicate window of the broker once each, though publishers and consumers die at every point of an event's way",
};
