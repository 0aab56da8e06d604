export default {
  invariant: 6,
  statement: 'A final statement never changes, and waits for what is late',
  file: 'apps/billing/src/statements/statement.ts',
  find: 'at.getTime() - graceHours * 3_600_000',
  replace: 'at.getTime() - Math.sign(graceHours)',
  project: 'integration',
  test: 'apps/billing/src/statements/statements.int.test.ts',
  assertion:
    'a statement of a month is made once it has ended and the time for what is late is over, and never changes',
};
