export default {
  invariant: 2,
  statement: 'The price is a whole number of cents, rounded half up, nothing up to ten hours, and never falls',
  file: 'packages/pricing/src/price.ts',
  find: 'return (2n * dividend + divisor) / (2n * divisor);',
  replace: 'return (2n * dividend + divisor - 1n) / (2n * divisor);',
  project: 'unit',
  test: 'packages/pricing/src/price.test.ts',
  assertion:
    'the price of distinct training audio equals an independent oracle to the cent, around every hour and far beyond 2^53',
};
