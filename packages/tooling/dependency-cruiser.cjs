/** What a file may know (docs/adr/0002): checked on every test run, from the first day. */
const role = (name) => `^(apps|deploy)/[^/]+/src/.*${name}\\.ts$`;
const tests = '\\.test\\.ts$|/testing/|/test-support/';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'apps-do-not-import-apps',
      comment: 'Services speak by events and requests, never by import.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/(?!$1/)' },
    },
    {
      name: 'packages-do-not-import-apps-or-deploy',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(apps|deploy)/' },
    },
    {
      name: 'kernel-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/kernel/' },
      to: { path: '^(apps|deploy|packages/(?!kernel/))' },
    },
    {
      name: 'pure-packages-do-no-io',
      severity: 'error',
      from: {
        path: '^packages/(kernel|scoring|pricing|transcripts|events|contracts)/src/',
        pathNot: 'generate\\.ts$|\\.test\\.ts$',
      },
      to: { dependencyTypes: ['core'], path: '^(fs|node:fs|net|node:net|child_process|node:child_process)' },
    },
    {
      name: 'packages-are-entered-by-their-index',
      severity: 'error',
      from: { path: '^(apps|deploy|packages)/([^/]+)/' },
      to: { path: '^packages/[^/]+/src/(?!index\\.ts$)', pathNot: '^packages/$2/' },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { pathNot: `${tests}|^packages/testing(-cluster)?/|^bench/|^deploy/(mutants|cluster-tests)/` },
      to: { path: '^packages/testing(-cluster)?/' },
    },
    {
      name: 'only-kubernetes-files-know-its-client',
      severity: 'error',
      from: { pathNot: `^packages/testing-cluster/|/kubernetes/|^deploy/cluster-tests/` },
      to: { path: '(^|/)node_modules/(\\.pnpm/)?@kubernetes' },
    },
    {
      name: 'services-know-no-sql-http-nats',
      severity: 'error',
      from: { path: role('\\.service') },
      to: { path: '(^|/)(typeorm|pg|fastify|@nestjs/platform-fastify|@ts-rest|@nats-io)(/|$)' },
    },
    {
      name: 'only-repositories-know-typeorm',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/', pathNot: `\\.(repository|entity|mapping)\\.ts$|${tests}` },
      to: { path: '(^|/)node_modules/(\\.pnpm/)?typeorm' },
    },
    {
      name: 'controllers-do-not-reach-repositories',
      severity: 'error',
      from: { path: role('\\.controller') },
      to: { path: '\\.(repository|entity)\\.ts$' },
    },
    {
      name: 'errors-know-no-http',
      severity: 'error',
      from: { path: role('\\.errors') },
      to: { path: '(@nestjs|fastify|packages/http)' },
    },
    {
      name: 'only-messaging-knows-nats',
      severity: 'error',
      from: { pathNot: '^packages/(messaging|embedded|testing)/' },
      to: { path: '(^|/)node_modules/(\\.pnpm/)?@nats-io' },
    },
    {
      name: 'only-storage-knows-minio',
      severity: 'error',
      from: { pathNot: '^packages/(storage|testing)/' },
      to: { path: '(^|/)node_modules/(\\.pnpm/)?minio' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules/\\.cache)/|^apps/engine-whisper/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['types', 'main'],
    },
  },
};
