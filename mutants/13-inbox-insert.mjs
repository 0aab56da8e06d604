/** Whether the inbox row was new is not looked at: two deliveries at the same time both take effect. */
export default {
  invariant: 13,
  statement: 'Two deliveries of an event at the same time have one effect',
  file: 'packages/messaging/src/handle.ts',
  find: `      if (inserted === 0) return { kind: 'duplicate' };
`,
  replace: `      void inserted;
`,
  project: 'integration',
  test: 'packages/messaging/src/redelivery.int.test.ts',
  assertion:
    'deliveries of one event have one effect when both instances have seen that it is new before either commits',
};
