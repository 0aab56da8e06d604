export default {
  invariant: 4,
  statement: 'Every ledger transaction sums to zero in every unit',
  file: 'apps/billing/src/migrations/0030-money.ts',
  find: 'GROUP BY unit HAVING sum(amount) <> 0',
  replace: 'GROUP BY unit HAVING count(amount) < 0',
  project: 'integration',
  test: 'apps/billing/src/ledger/ledger.int.test.ts',
  assertion:
    'the ledger refuses a transaction that does not sum to zero when it is committed, also one without entries',
};
