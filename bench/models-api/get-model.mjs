/**
 * GET of a model by id through models-api (key, every limit, scope, contract, log) against the same query on bare Fastify and pg, in turns.
 * Then, as often, latencies at a steady half of what it can take; its p99 is of all of them.
 * usage: node bench/models-api/get-model.mjs [--rounds 3] [--seconds 8] [--connections 50]
 * Prints each round and, last, one JSON line. About a minute.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, percentile } from '../statistics.mjs';
import { steadyLoad } from './steady-load.mjs';
import { ended, root, startSurroundings } from './surroundings.mjs';

const autocannon = createRequire(join(root, 'package.json'))('autocannon');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '50' },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);

const at = await startSurroundings();
let bare;
try {
  bare = spawn(process.execPath, [join(root, 'bench', 'models-api', 'bare-server.mjs')], {
    env: { PATH: process.env.PATH, DATABASE_URL: at.databaseUrl, ORGANIZATION_ID: at.organizationId },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(bare.stdout, 'data');
  const sides = {
    bare: { url: `${String(line).trim()}/models/${at.modelId}` },
    models_api: { url: `${at.url}/api/v3/custom_models/${at.modelId}`, headers: { authorization: `Bearer ${at.key}` } },
  };
  for (const side of Object.values(sides)) await load(side, 2);
  const results = { bare: [], models_api: [] };
  const p99s = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const { requests, latency, non2xx } = await load(side, seconds);
      if (name === 'models_api') p99s.push(latency.p99);
      if (non2xx > 0) throw new Error(`${name}: ${non2xx} answers that were not 200`);
      results[name].push(requests.average);
      console.log(`round ${round}: ${name} ${Math.round(requests.average)} requests/s, p99 ${latency.p99} ms`);
    }
  }
  const [bareRate, apiRate] = [median(results.bare), median(results.models_api)];
  const perSecond = Math.round(apiRate / 2);
  const latencies = [];
  for (let round = 1; round <= rounds; round++) {
    const some = await steadyLoad(sides.models_api, { connections, perSecond, seconds });
    latencies.push(...some);
    console.log(
      `round ${round}: steady ${perSecond} requests/s, p50 ${toMs(some, 0.5)} ms, p99 ${toMs(some, 0.99)} ms`,
    );
  }
  console.log(
    JSON.stringify({
      bench: 'models-api/get-model',
      bare_requests_per_second: Math.round(bareRate),
      models_api_requests_per_second: Math.round(apiRate),
      ratio: Math.round((apiRate / bareRate) * 1000) / 1000,
      promised_ratio: 0.45,
      p50_ms: toMs(latencies, 0.5),
      p99_ms: toMs(latencies, 0.99),
      promised_p99_ms: 25,
      p99_ms_saturated: median(p99s),
    }),
  );
} finally {
  if (bare) await ended(bare);
  await at.stop();
}

function load(side, duration) {
  return autocannon({ ...side, connections, duration });
}

function toMs(latencies, share) {
  return Math.round(percentile(latencies, share) * 10) / 10;
}
