export default {
  invariant: 35,
  statement: 'All attempts at a message have one id',
  file: 'apps/models-api/src/webhooks/delivery-signer.ts',
  find: "'webhook-id': delivery.messageId,",
  replace: "'webhook-id': `${delivery.messageId}_${String(delivery.attempt)}`,",
  project: 'integration',
  test: 'apps/models-api/src/webhooks/delivery.int.test.ts',
  assertion: 'a delivery is tried ten times on the schedule, under one id, and then given up',
};
