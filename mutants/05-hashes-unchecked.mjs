export default {
  invariant: 5,
  statement: 'The verifier names the first row that a superuser changed',
  file: 'apps/billing/src/ledger/ledger-audit.service.ts',
  find: 'if (hashOf(transaction) !== transaction.hash)',
  replace: 'if (hashOf(transaction).length !== transaction.hash.length)',
  project: 'integration',
  test: 'apps/billing/src/ledger/ledger.int.test.ts',
  assertion: 'the ledger names the first bad row after a superuser changed an entry, on both sides',
};
