export default {
  invariant: 35,
  statement: 'During a rotation messages are signed with both secrets',
  file: 'apps/models-api/src/webhooks/delivery-signer.ts',
  find: "typeof previous === 'string' ? [secret, previous] : [secret]",
  replace: '[secret]',
  project: 'integration',
  test: 'apps/models-api/src/operations/webhooks/200.int.test.ts',
  assertion: 'rotating the secret signs with both for a day: a receiver may change over at any moment',
};
