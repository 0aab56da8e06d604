const { join } = require('node:path');
const root = join(__dirname, '..', '..');

/**
 * Decorator metadata as at run time. Tests run from the sources and need no build of our own packages; but the trainer's process tests and e2e
 * start built programs, as the launcher does: build first.
 */
const common = {
  rootDir: root,
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Libraries that are ES modules only; Node 20's jest reads them after a transform.
  transformIgnorePatterns: [
    '/node_modules/\\.pnpm/(?!(cookie@2|uuidv7@|@kubernetes\\+client-node@|openid-client@|oauth4webapi@|jose@)[^/]*/)',
  ],
  moduleNameMapper: {
    '^@attune/(launcher|demo)$': '<rootDir>/deploy/$1/src/index.ts',
    '^@attune/([a-z-]+)$': '<rootDir>/packages/$1/src/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.attune/'],
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{packages,apps,deploy}/**/src/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.(int|e2e|k8s)\\.test\\.ts$'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/{packages,apps,deploy}/**/src/**/*.int.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.e2e\\.test\\.ts$'],
      globalSetup: '<rootDir>/packages/testing/src/jest-global-setup.ts',
      globalTeardown: '<rootDir>/packages/testing/src/jest-global-teardown.ts',
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/deploy/**/src/**/*.e2e.test.ts'] },
    {
      ...common,
      displayName: 'k8s',
      testMatch: ['<rootDir>/{packages,apps,deploy}/**/src/**/*.k8s.test.ts'],
      globalSetup: '<rootDir>/packages/testing/src/jest-global-setup.ts',
      globalTeardown: '<rootDir>/packages/testing/src/jest-global-teardown.ts',
      testTimeout: 240_000,
    },
  ],
  // Real databases, brokers and programs: two workers keep two cores busy without starving a lease.
  maxWorkers: 2,
  // Only what hangs takes so long, also beside other work on a slow machine.
  testTimeout: 120_000,
};
