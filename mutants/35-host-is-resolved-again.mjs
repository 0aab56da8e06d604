export default {
  invariant: 35,
  statement: 'The address that was checked is the one that is called',
  file: 'apps/models-api/src/webhooks/webhook-sender.ts',
  find: '    lookup: onlyThese(addresses),\n',
  replace: '',
  project: 'unit',
  test: 'apps/models-api/src/webhooks/webhook-sender.test.ts',
  assertion: 'the sender connects to the very address that was checked, under the host’s own name',
};
