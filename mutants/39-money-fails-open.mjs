export default {
  invariant: 39,
  statement: 'Without a count, starts are refused and reads are served',
  file: 'apps/models-api/src/limits/request-limiter.service.ts',
  find: `    if (kind !== 'status_check') throw new DatabaseUnavailable(error);
`,
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/limits/without-database.int.test.ts',
  assertion:
    'when requests cannot be counted by all nothing that costs money is: starts and creates answer 503 with a wait, and then go through',
};
