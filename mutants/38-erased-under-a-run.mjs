export default {
  invariant: 38,
  statement: 'A text that was replaced stays for a run that came first, and no longer',
  file: 'apps/models-api/src/data-items/data-erasure.repository.ts',
  find: 'FROM (SELECT clock_timestamp() AS at) now',
  replace: 'FROM (SELECT now() AS at) now',
  project: 'integration',
  test: 'apps/models-api/src/operations/replace-transcript/200.int.test.ts',
  assertion: 'the text of before stays for a run that came first, though the replacement had begun before it',
};
