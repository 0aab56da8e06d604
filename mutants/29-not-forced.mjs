/** Boot asks whether row security is on, and not whether it is forced. */
export default {
  invariant: 29,
  statement: 'No service boots where row security could be walked around',
  file: 'packages/database/src/tenant-safety.ts',
  find: 'AND NOT (c.relrowsecurity AND c.relforcerowsecurity)',
  replace: 'AND NOT c.relrowsecurity',
  project: 'integration',
  test: 'packages/database/src/tenant-safety.int.test.ts',
  assertion: 'a service boots only where tenants are kept apart not with row security that is not forced',
};
