import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import { readSettings, startPlatform, type Platform } from '@attune/launcher';
import { eventually, ScriptedEngine } from '@attune/testing';
import { Client } from 'pg';
import { mergeExpositions, readExposition, type Samples } from './exposition';
import { foreignMetrics, prometheusStack } from './foreign-metrics';
import { selectionsOf, type Selection } from './promql';
import { alertQueries, dashboardQueries, fenced, guideQueries, guides, monitorNames, type Query } from './queries';

jest.setTimeout(300_000);

let home: string;
let platform: Platform;
let queries: Query[];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'attune-monitoring-'));
  platform = await startPlatform(
    readSettings({
      ...process.env,
      ATTUNE_HOME: join(home, 'attune'),
      ATTUNE_PORT: String(await freePort()),
      ATTUNE_METRICS_PORT: String(await freePort()),
      ...new ScriptedEngine(home).variables,
    }),
  );
  queries = [...(await alertQueries()), ...(await dashboardQueries()), ...(await guideQueries())];
  await useIt();
});
afterAll(async () => {
  await platform.stop();
  await rm(home, { recursive: true, force: true });
});

/** What leaves samples with labels that no service has from its start: a look, an error, a refused pair. */
async function useIt(): Promise<void> {
  const client = new AttuneClient({
    baseUrl: platform.url,
    apiKey: (await readFile(platform.keyFile, 'utf8')).trim(),
  });
  const { id } = await client.models.create({ name: 'Watched', language: 'en' });
  await client.models.get(id);
  await expect(client.models.get(id + 1000)).rejects.toThrow();
  const [audioPath, transcriptPath] = [join(home, 'noise.wav'), join(home, 'noise.txt')];
  await writeFile(audioPath, 'this is no audio');
  await writeFile(transcriptPath, 'nothing is said');
  await client.uploadPair(id, { type: 'train', audioPath, transcriptPath }).catch(() => undefined);
}

async function scrape(): Promise<Map<string, Samples>> {
  const texts = await Promise.all([...platform.metricsUrls.values()].map(async (url) => (await fetch(url)).text()));
  return mergeExpositions(texts.map(readExposition));
}

/** Some samples come a little after what they count, and one scrape may miss what is asked of the broker for it. */
function untilExposed(check: (exposed: ReadonlyMap<string, Samples>) => void): Promise<void> {
  return eventually(async () => check(await scrape()), { timeoutMs: 60_000 });
}

/** Says what of a selection nobody exposes; null when all of it is there. */
function findMissing({ metric, labels }: Selection, exposed: ReadonlyMap<string, Samples>): string | null {
  const foreign = foreignMetrics.get(metric);
  if (foreign) {
    const unknown = [...labels.keys()].filter((label) => !foreign.labels.includes(label));
    return unknown.length === 0 ? null : `${metric} is not documented to have ${unknown.join(', ')}`;
  }
  const samples = exposed.get(metric);
  if (!samples) return `nobody exposes ${metric}`;
  const matches = (sample: ReadonlyMap<string, string>): boolean =>
    [...labels].every(([label, value]) => sample.has(label) && (value === null || sample.get(label) === value));
  return samples.some(matches) ? null : `no sample of ${metric} has ${JSON.stringify([...labels])}`;
}

it('every service exposes its metrics, and only models-api on a listener of its own', async () => {
  expect([...platform.metricsUrls.keys()].sort()).toEqual(
    ['billing', 'evaluator', 'ingestion', 'models-api', 'stt', 'trainer'].sort(),
  );
  expect((await fetch(`${platform.url}/metrics`)).status).toBe(404);
});

it('every query of the alerts, dashboards and guides is PromQL that reads what the services really expose, by labels that it has', async () => {
  expect(queries.length).toBeGreaterThan(40);
  await untilExposed((exposed) => {
    const missing = queries.flatMap(({ where, expr }) =>
      selectionsOf(expr).flatMap((selection) => {
        const fault = findMissing(selection, exposed);
        return fault === null ? [] : [`${where}: ${fault}`];
      }),
    );
    expect(missing).toEqual([]);
  });
});

it('what others expose is asked for, and Prometheus comes to each of them: by a monitor of ours, or by its own installation', async () => {
  const asked = new Set(queries.flatMap(({ expr }) => selectionsOf(expr).map(({ metric }) => metric)));
  const needed = new Set<string>();
  for (const [metric, { scrapedBy }] of foreignMetrics) {
    expect([metric, asked.has(metric)]).toEqual([metric, true]);
    if (scrapedBy !== prometheusStack) needed.add(scrapedBy);
  }
  const own = ['attune', 'models-api'];
  expect((await monitorNames()).sort()).toEqual([...own, ...needed].sort());
});

it('a metric, a label or a value that nobody exposes, and what is no PromQL, is found', async () => {
  await untilExposed((exposed) => {
    const faults = (expr: string) => selectionsOf(expr).map((selection) => findMissing(selection, exposed));
    expect(faults('sum(rate(attune_http_request_seconds_count[5m])) / sum(attune_nonsense)')).toEqual([
      null,
      'nobody exposes attune_nonsense',
    ]);
    expect(faults('sum by (plan) (attune_outbox_lag_seconds)')).toEqual([
      'no sample of attune_outbox_lag_seconds has [["plan",null]]',
    ]);
    expect(faults('attune_consumer_backlog{state="lost"}')).toEqual([
      'no sample of attune_consumer_backlog has [["state","lost"]]',
    ]);
    expect(faults('up * on (service) group_left (reason) attune_outbox_lag_seconds')).toEqual([
      null,
      'no sample of attune_outbox_lag_seconds has [["service",null],["reason",null]]',
    ]);
    expect(faults('sum by (reason) (up * on (node) group_left (reason) max by (node, reason) (up))')).toEqual([
      'up is not documented to have node',
      'up is not documented to have node, reason',
    ]);
  });
  expect(() => selectionsOf('up * on (pod) group_left () max by (namespace) (up)')).toThrow('joined on pod');
  expect(() => selectionsOf('sum(rate(attune_outbox_lag_seconds[5m])')).toThrow('is no PromQL');
});

it('every alert says how bad it is and has a chapter that says what to do', async () => {
  const guide = await readFile(join(guides, 'alerts.md'), 'utf8');
  const chapters = [...guide.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(chapters.sort()).toEqual((await alertQueries()).map(({ where }) => where).sort());
});

it('the hours of runs, by organization, are what the guide asks the database for', async () => {
  const [statements = ''] = await fenced('costs.md', 'sql');
  const owner = new Client({ connectionString: platform.databaseUrl });
  await owner.connect();
  try {
    // Two statements have two results.
    const results = (await owner.query(statements)) as unknown as { fields: { name: string }[] }[];
    expect(results.at(-1)?.fields.map(({ name }) => name)).toEqual(['month', 'organization_id', 'runs', 'hours']);
  } finally {
    await owner.end();
  }
});
