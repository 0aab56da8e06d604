export default {
  invariant: 35,
  statement: 'Every address of a webhook’s host is checked, not one of them',
  file: 'apps/models-api/src/webhooks/webhook-sender.ts',
  find: 'addresses.every((address) => mayConnect(address, this.settings))',
  replace: 'addresses.some((address) => mayConnect(address, this.settings))',
  project: 'unit',
  test: 'apps/models-api/src/webhooks/webhook-sender.test.ts',
  assertion:
    'a webhook of a stranger reaches nothing inside: the canary sees no connection by a name of which one address of several points inside',
};
