/**
 * A list of 100,000 models against one of 100, through models-api: page 1, pages in the middle and at the end, with and without a
 * filter. Requests take turns, one at a time, so that what else the machine does falls on all alike.
 * usage: node bench/list-models/list-models.mjs [--models 100000] [--rounds 300]
 * Prints the median of each page and, last, one JSON line. About a minute.
 */
import { parseArgs } from 'node:util';
import { median } from '../statistics.mjs';
import { load, startSurroundings } from '../models-api/surroundings.mjs';

const { values } = parseArgs({
  options: { models: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '300' } },
});
const [models, rounds] = [Number(values.models), Number(values.rounds)];
const PER_PAGE = 25;
const PROMISED_RATIO = 1.2;

const at = await startSurroundings();
try {
  const small = await at.addOrganization();
  const large = await at.addOrganization();
  await addModels(small.organizationId, 100);
  await addModels(large.organizationId, models);
  const lastPage = (count) => Math.ceil(count / PER_PAGE);
  // Of each five models one is of status 2 and four are of status 1.
  const pages = [
    { name: 'page 1', small: '', large: '' },
    { name: 'middle page', small: 'page=2', large: `page=${Math.floor(lastPage(models) / 2)}` },
    { name: 'last page', small: `page=${lastPage(100)}`, large: `page=${lastPage(models)}` },
    { name: 'page 1 of a status', small: 'status=1', large: 'status=1' },
    {
      name: 'last full page of a status',
      small: 'status=1&page=3',
      large: `status=1&page=${lastPage(models * 0.8) - 1}`,
    },
  ];
  const times = pages.map(() => ({ small: [], large: [] }));
  for (let round = -20; round < rounds; round++) {
    for (const [n, page] of pages.entries()) {
      // The side that goes first changes: whoever follows finds warm caches.
      const sides = round % 2 === 0 ? ['small', 'large'] : ['large', 'small'];
      for (const side of sides) {
        const ms = await measure(side === 'small' ? small.key : large.key, page[side]);
        if (round >= 0) times[n][side].push(ms);
      }
    }
  }
  const ratios = pages.map(({ name }, n) => {
    const [smallMs, largeMs] = [median(times[n].small), median(times[n].large)];
    console.log(`${name}: ${smallMs.toFixed(2)} ms at 100 models, ${largeMs.toFixed(2)} ms at ${models}`);
    return round3(largeMs / smallMs);
  });
  console.log(
    JSON.stringify({
      bench: 'list-models',
      models,
      page_1_ratio: ratios[0],
      deepest_ratio: Math.max(ratios[1], ratios[2]),
      filtered_ratio: Math.max(ratios[3], ratios[4]),
      promised_ratio: PROMISED_RATIO,
    }),
  );
} finally {
  await at.stop();
}

async function measure(key, query) {
  const started = performance.now();
  const answer = await fetch(`${at.url}/api/v3/custom_models?per_page=${PER_PAGE}&${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const body = await answer.json();
  if (answer.status !== 200 || body.count !== PER_PAGE) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
  return performance.now() - started;
}

async function addModels(organizationId, count) {
  const { createDataSource, Database } = load('@attune/database');
  const dataSource = await createDataSource({
    url: at.databaseUrl,
    schema: 'models',
    applicationName: 'bench',
  }).initialize();
  try {
    await new Database(dataSource).runInTransaction({ organizationId }, (tx) =>
      tx.execute(
        `INSERT INTO model (organization_id, name, language, base_model, status)
         SELECT $1, 'Heart clinic ' || n, 'en', 'general', CASE WHEN n % 5 = 0 THEN 2 ELSE 1 END
           FROM generate_series(1, $2::integer) n`,
        [organizationId, count],
      ),
    );
  } finally {
    await dataSource.destroy();
  }
}

function round3(value) {
  return Math.round(value * 1000) / 1000;
}
