/**
 * kill -9 of every process of the platform at every stage of a run: afterwards the run has succeeded, with one version and one usage record.
 * The whole platform as `npm start` runs it, with the scripted engine program in place of the neural one, so that every moment can be held.
 * usage: node bench/kill-matrix/kill-matrix.mjs [--only trainer]. About ten minutes on two cores; `npm test` once before.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const work = mkdtempSync(join(tmpdir(), 'attune-kill-matrix-'));

try {
  // The cells are the tests of deploy/launcher/src/kill.e2e.test.ts, of which `npm test` runs a part.
  const report = join(work, 'report.json');
  const only = values.only === undefined ? [] : ['-t', `though ${values.only} is killed`];
  spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...['--selectProjects', 'e2e', '--json', '--outputFile', report, ...only, 'kill.e2e'],
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ATTUNE_KILL_MATRIX: 'whole' } },
  );
  const cells = JSON.parse(readFileSync(report, 'utf8'))
    .testResults.flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'pending')
    .map(({ title, status, duration }) => {
      const [, target, moment] = /though (\S+) is killed while it is (\S+)/.exec(title) ?? [];
      return { target, moment, ok: status === 'passed', seconds: Math.round((duration ?? 0) / 100) / 10 };
    });
  print(cells);
  const survived = cells.filter(({ ok }) => ok).length;
  const slowest = Math.max(0, ...cells.map(({ seconds }) => seconds));
  console.log(JSON.stringify({ bench: 'kill-matrix', cells: cells.length, survived, slowest_seconds: slowest }));
  process.exitCode = cells.length > 0 && survived === cells.length ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Targets down, moments across: seconds from the start of the run to its end, or FAILED. */
function print(cells) {
  const moments = [...new Set(cells.map(({ moment }) => moment))];
  const line = (first, rest) => console.log([first.padEnd(12), ...rest.map((cell) => cell.padStart(11))].join(' '));
  line('killed', moments);
  for (const target of new Set(cells.map((cell) => cell.target))) {
    const row = moments.map((moment) => {
      const cell = cells.find((one) => one.target === target && one.moment === moment);
      return cell === undefined ? '-' : cell.ok ? `${cell.seconds} s` : 'FAILED';
    });
    line(target, row);
  }
}
