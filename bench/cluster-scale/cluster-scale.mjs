/**
 * Many runs queued on a cluster of many GPUs: a real control plane with kwok's nodes, the whole platform beside it, and one program in place
 * of all runners (deploy/cluster-tests/src/many-runs.k8s.test.ts, of which `npm run test:k8s` runs a part). Prints what jest prints, with one
 * JSON line: from each free GPU to the next pod that started, calls of the API server per run, the trainer's peak memory.
 *
 *   node bench/cluster-scale/cluster-scale.mjs [runs = 500] [nodes = 50]
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [runs = '500', nodes = '50'] = process.argv.slice(2);
const { status } = spawnSync('npx', ['jest', '--runInBand', 'many-runs', '--selectProjects', 'k8s'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ATTUNE_CLUSTER_RUNS: runs, ATTUNE_CLUSTER_NODES: nodes },
});
process.exitCode = status ?? 1;
