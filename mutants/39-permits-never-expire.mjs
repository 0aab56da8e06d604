export default {
  invariant: 39,
  statement: 'No minute holds more requests than the limit, over all instances',
  file: 'apps/models-api/src/limits/permit-pool.ts',
  find: '    if (now < this.validUntil || this.validUntil === Number.NEGATIVE_INFINITY) return;',
  replace: '    if (now !== Number.POSITIVE_INFINITY) return;',
  project: 'unit',
  test: 'apps/models-api/src/limits/organization-gate.test.ts',
  assertion:
    'the gate of an organization uses no permit that it took ahead once its second is over: it would be missing in the window of its use',
};
