/** A request is logged with the key that it came with. */
export default {
  invariant: 31,
  statement: 'An issued key is in no table, log line or message of the broker',
  file: 'packages/http/src/http-app.ts',
  find: '      status: reply.statusCode,\n',
  replace: '      status: reply.statusCode,\n      caller: request.headers.authorization,\n',
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/key-secrecy.int.test.ts',
  assertion: 'an issued key is in no table, log line or message of the broker, and neither is the admin key',
};
