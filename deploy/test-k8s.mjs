/**
 * What is proven on a real Kubernetes control plane (docs/adr/0038): builds its tools once, by Go, into the cache, then runs the
 * tests one file after the other; the last line counts them. `npm run test:k8s -- deploy/cluster-tests` runs those files only.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { conclude, root, runJestProject } from './jest-project.mjs';

const require = createRequire(import.meta.url);
const { BASIC_TOOLS, ensureTools, hasGo, isBuilt, OPTIONAL_TOOLS } = require(
  join(root, 'packages/testing-cluster/dist/tools.js'),
);

if (!BASIC_TOOLS.every(isBuilt) && !(await hasGo())) {
  console.error(
    'The tests on Kubernetes need Go 1.26 or newer on PATH, to build the control plane once: none was run.',
  );
  process.exit(1);
}
await ensureTools(BASIC_TOOLS);
for (const name of OPTIONAL_TOOLS) {
  const variable = `ATTUNE_BUILD_${name.toUpperCase()}`;
  if (process.env[variable] === '1') await ensureTools([name]);
  console.log(isBuilt(name) ? `with ${name}` : `without ${name}: ${variable}=1 builds it once`);
}

conclude(runJestProject('k8s', [...process.argv.slice(2), '--runInBand']));
