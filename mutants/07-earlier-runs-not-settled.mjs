export default {
  invariant: 7,
  statement: 'A run never costs more than was held for it: earlier runs are charged first',
  file: 'apps/billing/src/holds/holds.service.ts',
  find: 'await this.checks.settleEarlier(run, run.runId);',
  replace: 'if (maxCents === -1) await this.checks.settleEarlier(run, run.runId);',
  project: 'integration',
  test: 'apps/billing/src/holds/holds.int.test.ts',
  assertion:
    'a hold is priced by what earlier runs of the model used, also while the word of their success is on its way',
};
