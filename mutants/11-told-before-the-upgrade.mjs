/** A place in the stream begins at the moment at which it is made. */
export default {
  invariant: 11,
  statement: 'A new release handles what was told for it while only the old one was there',
  file: 'packages/messaging/src/broker.ts',
  find: `deliver_policy: DeliverPolicy.All,`,
  replace: `deliver_policy: DeliverPolicy.New,`,
  project: 'integration',
  test: 'packages/messaging/src/upgrade.int.test.ts',
  assertion:
    'while one release replaces another what was told while only the old one was there is handled by the new one, once',
};
