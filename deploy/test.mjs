/**
 * All that `npm test` proves, in one order: cheap checks first, the whole job on real audio last. Every part runs even when
 * an earlier one failed, and the last line counts all of them. `npm test -- unit integration` runs the named parts only.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { conclude, results, root, runJestProject, spawn } from './jest-project.mjs';

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const bin = (name) => join(root, 'node_modules', '.bin', name);
const parts = {
  format: () => check(bin('prettier'), ['--check', '.', '--log-level', 'warn']),
  boundaries: () =>
    check(bin('depcruise'), ['apps', 'packages', 'deploy', '--config', 'packages/tooling/dependency-cruiser.cjs']),
  types: () => check(bin('tsc'), ['--noEmit', '-p', '.']),
  lint: () => check(bin('eslint'), ['.', '--max-warnings', '0']),
  unit: () => runJestProject('unit'),
  integration: () => runJestProject('integration'),
  engine: () => pytest(),
  e2e: () => runJestProject('e2e', ['--runInBand']),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
/** By name, said again at the end, where a reader of a long log looks first. */
const failures = [];
for (const [name, run] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const started = performance.now();
  console.log(`\n== ${name}`);
  const count = run();
  total.passed += count.passed;
  total.failed += count.failed;
  if (count.failed > 0) failures.push(...(count.names?.length ? count.names : [name]));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`== ${name}: ${count.failed === 0 ? 'passed' : `${count.failed} FAILED`} in ${seconds} s`);
}
conclude({ ...total, names: failures });

/** A check counts as one test. */
function check(program, args) {
  const ok = spawn(program, args) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

/** Ruff, pyright and pytest by the engine's own script; counts come from pytest's report. */
function pytest() {
  const report = join(results, 'engine.xml');
  const status = spawn('bash', [join(root, 'apps/engine-whisper/check.sh')], { ATTUNE_JUNIT: report });
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const number = (name) =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(readFileSync(report, 'utf8'))?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return {
    passed: number('tests') - failed - number('skipped'),
    failed: failed + (status !== 0 && failed === 0 ? 1 : 0),
  };
}
