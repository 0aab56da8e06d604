export default {
  invariant: 10,
  statement: 'An impossible bill is not made',
  file: 'apps/billing/src/statements/statements.service.ts',
  find: 'if (impossible !== null) throw new ImpossibleBill(impossible);',
  replace: "if (impossible === '') throw new ImpossibleBill(impossible);",
  project: 'integration',
  test: 'apps/billing/src/statements/statements.int.test.ts',
  assertion:
    'an impossible bill of more charges in a day than anybody makes is not made: one alert, and everybody else is billed',
};
