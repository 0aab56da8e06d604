/**
 * What is proven on a real Kubernetes control plane (docs/adr/0038): builds its tools once, by Go, into the cache, then runs the
 * tests, two files at a time, and those that hold a promise in seconds after them, with nothing beside them; the last line counts
 * them all. `npm run test:k8s -- deploy/cluster-tests` runs those files only, one after the other.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { conclude, root, runJestProject, sum } from './jest-project.mjs';

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

/** These hold a promise in seconds: nothing runs beside them. */
const TIMED = String.raw`/(many-runs|cancel|kubernetes-executor|starts-in-a-cluster)\.k8s\.test\.ts$`;

const paths = process.argv.slice(2);
if (paths.length > 0) conclude(runJestProject('k8s', [...paths, '--runInBand']));
conclude(
  sum([
    runJestProject('k8s', ['--testPathIgnorePatterns', '/node_modules/', TIMED]),
    runJestProject('k8s', [TIMED, '--runInBand'], 'k8s-timed'),
  ]),
);
