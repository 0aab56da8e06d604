import tseslint from 'typescript-eslint';

const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only env.ts reads the environment.',
};
const time = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Time comes from a Clock.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes from a Clock.' },
];
const barrels = { selector: 'ExportAllDeclaration', message: 'Only a package has an index of its own.' };

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.attune/**',
      'apps/engine-whisper/**',
      '**/*.cjs',
      '**/*.mjs',
      '**/*.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: new URL('../..', import.meta.url).pathname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Nest's modules are classes with nothing but decorators.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowStaticOnly: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/dot-notation': 'off',
      // Nest takes plain objects where its types name classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // newId<RunId>() names the brand of what it makes.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false }],
    },
  },
  {
    files: ['apps/**/*.ts', 'deploy/**/*.ts', 'packages/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', environment] },
  },
  {
    files: ['apps/*/src/**/*.ts'],
    ignores: ['**/env.ts', '**/*.test.ts', 'apps/cli/**'],
    rules: { 'no-restricted-syntax': ['error', environment, ...time, barrels] },
  },
  {
    files: [
      '**/env.ts',
      '**/*.test.ts',
      'packages/testing/**',
      'packages/testing-cluster/**',
      'packages/embedded/**',
      'packages/speech/**',
      'bench/**',
      '**/test-support/**',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // The Kubernetes client declares its objects as classes, without a method that a copy could lose.
    files: ['**/kubernetes/**', 'packages/testing-cluster/**', 'deploy/cluster-tests/**'],
    rules: { '@typescript-eslint/no-misused-spread': 'off' },
  },
  { files: ['apps/**/*.controller.ts'], rules: { 'max-lines': ['error', 150] } },
  { files: ['apps/**/*.service.ts'], rules: { 'max-lines': ['error', 300] } },
);
