/** A key of any scope opens every route. */
export default {
  invariant: 28,
  statement: 'A key opens only the routes of its own scopes',
  file: 'packages/http/src/scope.guard.ts',
  find: 'if (!principal.scopes.includes(metadata.scope)) {',
  replace: 'if (principal.scopes.length === 0) {',
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/matrix.int.test.ts',
  assertion:
    'the authorization matrix customModels.create with a key of scope custom_models:read alone: refused by 403 unless it is the one that the route asks for',
};
