// `npm run mutants` runs from the sources, as the tests do: `npm run mutants:table` needs no build.
require('../../packages/testing/ts-register.cjs');
require('./src/main.ts');
