/** The broker that we start writes to its disk every two minutes, as it does by default. */
export default {
  invariant: 15,
  statement: 'The broker that Attune starts writes a message to its disk before it acknowledges it',
  file: 'packages/embedded/src/nats.ts',
  find: `durable = true`,
  replace: `durable = false`,
  project: 'integration',
  test: 'packages/messaging/src/durability.int.test.ts',
  assertion:
    'a service that is told where NATS can be asked is ready over a NATS that writes a message to its disk before it acknowledges it',
};
