export default {
  invariant: 1,
  statement: 'A usage event counts once for ever',
  file: 'apps/billing/src/usage/usage.service.ts',
  find: 'if (!(await this.usage.insert(tx, usage))) {',
  replace: 'if (!(await this.usage.insert(tx, usage)) && usage.items.length === 0) {',
  project: 'integration',
  test: 'apps/billing/src/usage/once.int.test.ts',
  assertion:
    'a usage event counts once, for ever however often, in whatever order and at how many instances it arrives, also after the broker has forgotten everything',
};
