// Runs the test of broken, slow, wrong and hostile uploads with 1,000 rounds of each kind instead of its usual few.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const rounds = process.argv[2] ?? '1000';
const started = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--selectProjects',
    'integration',
    'apps/models-api/src/operations/upload-data/robustness',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ATTUNE_UPLOAD_ROUNDS: rounds } },
);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(JSON.stringify({ bench: 'upload-robustness', rounds: Number(rounds), passed: status === 0, seconds }));
process.exit(status ?? 1);
