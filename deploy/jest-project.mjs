/** Runs one of jest's projects and counts: what `npm test` and `npm run test:k8s` have in common. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Reports of the last run, for whoever wants to know more than the counts. */
export const results = join(root, '.attune', 'test-results');

/** The exit status of a program whose output is ours. */
export function spawn(program, args, environment = {}) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...environment };
  return spawnSync(program, args, { cwd: root, stdio: 'inherit', env }).status;
}

/** Counts come from jest's own report, `name`.json; a run that wrote none, or ran nothing, has failed. */
export function runJestProject(project, options = [], name = project) {
  const report = join(results, `${name}.json`);
  mkdirSync(results, { recursive: true });
  rmSync(report, { force: true });
  const jest = join(root, 'node_modules', '.bin', 'jest');
  const status = spawn(jest, [...options, '--selectProjects', project, '--json', '--outputFile', report]);
  if (!existsSync(report)) return { passed: 0, failed: 1, names: [] };
  const summary = JSON.parse(readFileSync(report, 'utf8'));
  const broken = summary.numFailedTests + summary.numRuntimeErrorTestSuites;
  const nothing = summary.numTotalTests === 0 || (status !== 0 && broken === 0) ? 1 : 0;
  return { passed: summary.numPassedTests, failed: broken + nothing, names: failedTests(summary) };
}

/** Of several counts one. */
export function sum(counts) {
  return {
    passed: counts.reduce((all, { passed }) => all + passed, 0),
    failed: counts.reduce((all, { failed }) => all + failed, 0),
    names: counts.flatMap(({ names }) => names),
  };
}

/** Ends the process: the names of what failed, then the line that everybody reads, which counts. */
export function conclude({ passed, failed, names }) {
  if (names.length > 0) console.log(`\nfailed:\n${names.map((name) => `  ${name}`).join('\n')}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

/** A suite that could not run, or whose hooks failed, is named by its file. */
function failedTests({ testResults }) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, assertionResults }) => {
      const file = relative(root, name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      return failed.length === 0 ? [file] : failed.map(({ fullName }) => `${file}: ${fullName}`);
    });
}
