export default {
  invariant: 39,
  statement: 'Invalid and refused calls cost nothing',
  file: 'packages/http/src/request-limits.ts',
  find: 'admission.end(headersSent && costsNothing(statusCode));',
  replace: 'admission.end(headersSent && statusCode >= 500);',
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/429.int.test.ts',
  assertion: 'limits of requests charge no policy when one refuses, nor for what is invalid, refused, or our fault',
};
