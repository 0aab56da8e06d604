/**
 * All that `npm test` proves: cheap checks first, side by side, the whole job on real audio last. Every part runs even when
 * an earlier one failed, and the last line counts all of them. `npm test -- unit integration` runs the named parts only.
 */
import { spawn as spawnChild } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { conclude, results, root, runJestProject, spawn, sum } from './jest-project.mjs';

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const bin = (name) => join(root, 'node_modules', '.bin', name);
/** A program each. They share nothing and none of them keeps two cores busy, so they run side by side. */
const checks = {
  format: ['prettier', '--check', '.', '--log-level', 'warn'],
  boundaries: ['depcruise', 'apps', 'packages', 'deploy', '--config', 'packages/tooling/dependency-cruiser.cjs'],
  types: ['tsc', '--noEmit', '-p', '.'],
  lint: ['eslint', '.', '--max-warnings', '0'],
};
/** One after the other. */
const tests = {
  unit: () => runJestProject('unit'),
  integration: () => runJestProject('integration'),
  engine: () => pytest(),
  e2e: () => runJestProject('e2e'),
};

const chosen = process.argv.slice(2);
const all = [...Object.keys(checks), ...Object.keys(tests)];
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(2);
}
const wanted = (name) => chosen.length === 0 || chosen.includes(name);

const counts = [];
const running = Object.entries(checks)
  .filter(([name]) => wanted(name))
  .map(([name, [program, ...args]]) => [name, check(bin(program), args)]);
for (const [name, done] of running) tell(name, await done);
for (const [name, run] of Object.entries(tests).filter(([name]) => wanted(name))) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  tell(name, { count: run(), seconds: secondsSince(started) });
}
conclude(sum(counts));

/** Its end, after what it said; what failed is named again at the end, where a reader of a long log looks first. */
function tell(name, { count, seconds, output = '' }) {
  if (output !== '') console.log(`\n== ${name}\n${output.trimEnd()}`);
  console.log(`== ${name}: ${count.failed === 0 ? 'passed' : `${count.failed} FAILED`} in ${seconds} s`);
  const { failed, names = [] } = count;
  counts.push({ ...count, names: failed > 0 && names.length === 0 ? [name] : names });
}

function secondsSince(started) {
  return ((performance.now() - started) / 1000).toFixed(0);
}

/** A check counts as one test; a program that cannot be started has failed. */
async function check(program, args) {
  const started = performance.now();
  const child = spawnChild(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part));
  const [status] = await once(child, 'close').catch((error) => {
    parts.push(Buffer.from(error.message));
    return [null];
  });
  const count = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 };
  return { count, seconds: secondsSince(started), output: Buffer.concat(parts).toString() };
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
