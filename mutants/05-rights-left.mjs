export default {
  invariant: 5,
  statement: 'Nobody may change what is booked',
  file: 'apps/billing/src/migrations/append-only.ts',
  find: 'REVOKE UPDATE, DELETE, TRUNCATE ON ${table} FROM attune_billing;',
  replace: 'REVOKE TRUNCATE ON ${table} FROM attune_billing;',
  project: 'integration',
  test: 'apps/billing/src/ledger/ledger.int.test.ts',
  assertion: 'the ledger is append-only: nobody updates, deletes or truncates charge',
};
