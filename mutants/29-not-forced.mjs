export default {
  invariant: 29,
  statement: 'boot does not ask whether row security is forced',
  file: 'packages/database/src/tenant-safety.ts',
  find: 'AND NOT (c.relrowsecurity AND c.relforcerowsecurity)',
  replace: 'AND NOT c.relrowsecurity',
  project: 'integration',
  test: 'packages/database/src/tenant-safety.int.test.ts',
  assertion: 'a service boots only where tenants are kept apart not with row security that is not forced',
};
