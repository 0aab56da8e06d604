export default {
  invariant: 1,
  statement: 'A usage event counts once for ever; the same id with another payload is rejected and alarmed',
  file: 'apps/billing/src/usage/usage.service.ts',
  find: "if (recorded === announced || recorded === '') return;",
  replace: "if (recorded !== null || announced !== '') return;",
  project: 'integration',
  test: 'apps/billing/src/usage/once.int.test.ts',
  assertion:
    'a usage event counts once, for ever and is rejected, with one alert and nothing changed, when its run comes again with other content',
};
