/**
 * The tests of invariants whose full counts take longer than `npm test` should: the same tests, more of them. Prints what jest prints, then one JSON line.
 *
 *   node bench/invariants/invariants.mjs [sequences = 1000] [races = 500] [deaths = 20]
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [sequences = '1000', races = '500', deaths = '20'] = process.argv.slice(2);
const tests = [
  'apps/models-api/src/life-of-models.int.test.ts',
  'apps/models-api/src/operations/delete-model/race.int.test.ts',
  'apps/trainer/src/runs/life-of-runs.int.test.ts',
  'apps/billing/src/crashes.int.test.ts',
];
const startedAt = performance.now();
const { status } = spawnSync('npx', ['jest', '--runInBand', ...tests, '--selectProjects', 'integration'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ATTUNE_TEST_SEQUENCES: sequences, ATTUNE_TEST_RACES: races, ATTUNE_TEST_DEATHS: deaths },
});
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(
  JSON.stringify({
    bench: 'invariants',
    sequences: Number(sequences),
    races: Number(races),
    deaths: Number(deaths),
    passed: status === 0,
    seconds,
  }),
);
process.exitCode = status ?? 1;
