/**
 * The tests of delivery as often as the promise says: 50 deaths at every point of an event's way (with the usual duplicate window and with
 * one of 100 ms), 1,000 interleavings of transactions, 50 kills of the broker in 10,000 publishes each, 1,000 stories of a run.
 * `npm test` runs the same tests a few times each. usage: node bench/delivery/delivery.mjs [--only crashes]. About an hour on two cores.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const work = mkdtempSync(join(tmpdir(), 'attune-delivery-'));
const files = [
  'packages/messaging/src/crashes.int.test.ts',
  'packages/messaging/src/commit-order.int.test.ts',
  'packages/messaging/src/redelivery.int.test.ts',
  'packages/messaging/src/broker-crash.int.test.ts',
  'apps/models-api/src/redelivery.int.test.ts',
].filter((file) => file.includes(values.only));

try {
  const report = join(work, 'report.json');
  const options = ['--selectProjects', 'integration', '--runInBand', '--json', '--outputFile', report];
  spawnSync(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...options, '--runTestsByPath', ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ATTUNE_DELIVERY: 'whole' },
  });
  const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, duration }) => ({
      file: relative(root, name),
      test: fullName,
      ok: status === 'passed',
      seconds: Math.round((duration ?? 0) / 100) / 10,
    })),
  );
  for (const { file, test, ok, seconds } of tests)
    console.log([ok ? 'ok    ' : 'FAILED', `${seconds} s`.padStart(9), `${file}: ${test}`].join('  '));
  const passed = tests.filter(({ ok }) => ok).length;
  console.log(JSON.stringify({ bench: 'delivery', tests: tests.length, passed }));
  process.exitCode = tests.length > 0 && passed === tests.length ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
