export default {
  invariant: 6,
  statement: 'A price change for the past alters nothing that was agreed before',
  file: 'apps/billing/src/charges/charges.service.ts',
  find: 'return this.books.get(tx, hold.priceBook);',
  replace: 'return this.books.inForce(tx);',
  project: 'integration',
  test: 'apps/billing/src/statements/statements.int.test.ts',
  assertion: 'a statement charges a run by the price book that was in force when it was asked for',
};
