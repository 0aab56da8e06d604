import { readFileSync } from 'node:fs';
import { eventually } from '@attune/testing';
import { ClusterLab } from './test-support/cluster-lab';
import { FakeFleet } from './test-support/fake-fleet';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(1_800_000);

/** The full counts, 500 and 50, by bench/cluster-scale. */
const RUNS = Number(process.env['ATTUNE_CLUSTER_RUNS'] ?? 60);
const NODES = Number(process.env['ATTUNE_CLUSTER_NODES'] ?? 10);
/** So that three GPUs become free a second, however many there are: far more than runs of minutes and hours ever give back. */
const HOLD_MS = { min: NODES * 200, max: NODES * 400 };
const CUSTOMERS = 5;
const UPLOADS_AT_ONCE = 6;
const POOL = 'gpu-on-demand';

describe(`${String(RUNS)} runs that share ${String(NODES)} GPUs`, () => {
  let lab: ClusterLab;
  let fleet: FakeFleet;
  beforeAll(async () => {
    lab = await ClusterLab.open({
      pools: [{ name: POOL, slots: NODES }],
      gpus: NODES,
      cluster: { fakePodsRunOn: true },
      // The fleet sends no heartbeats.
      trainer: { LOG_LEVEL: 'warn', TRAINER_LEASE_MS: '60000' },
    });
    fleet = new FakeFleet(lab.cluster, HOLD_MS);
  });
  afterAll(async () => {
    await fleet.stop();
    await lab.close();
  });

  it('each get one soon after it is free, at few calls of the API server, and end once; the trainer stays small', async () => {
    const started = await startedRuns();
    await fleet.start(NODES, POOL);
    await eventually(async () => expect(await endedRuns()).toBe(RUNS), { timeoutMs: RUNS * 2000, everyMs: 500 });
    expect(fleet.problems).toEqual([]);
    expect(fleet.startedAt).toHaveLength(RUNS);
    const [tries] = await lab.rows.query<{ n: number }>('SELECT max(starts)::int AS n FROM training.training_run');
    expect(tries?.n).toBe(1);

    const figures = {
      runs: RUNS,
      nodes: NODES,
      starts_per_second: round(RUNS / ((Math.max(...fleet.startedAt) - Math.min(...fleet.startedAt)) / 1000)),
      next_start_p50_seconds: percentile(waits(), 0.5),
      next_start_p95_seconds: percentile(waits(), 0.95),
      api_calls_per_run: round((await apiCalls()) / RUNS),
      trainer_peak_mib: peakMib(lab.trainerPid ?? 0),
    };
    process.stdout.write(`${JSON.stringify({ bench: 'cluster-scale', ...figures })}\n`);
    expect(started).toBe(RUNS);
    expect(figures.next_start_p95_seconds).toBeLessThan(5);
    expect(figures.api_calls_per_run).toBeLessThanOrEqual(15);
    expect(figures.trainer_peak_mib).toBeLessThan(512);
  });

  it('leave nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));

  /** Asks for all of them, each of a model of its own, while there is no node yet. */
  async function startedRuns(): Promise<number> {
    const customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => lab.customer('enterprise')));
    const queue = Array.from({ length: RUNS }, (_, index) => index).values();
    let started = 0;
    const worker = async (): Promise<void> => {
      for (const index of queue) {
        const customer = customers[index % CUSTOMERS];
        await customer?.client.startRun(await customer.modelWithData(1));
        started += 1;
      }
    };
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, worker));
    return started;
  }

  async function endedRuns(): Promise<number> {
    const [row] = await lab.rows.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM training.training_run WHERE state = 'failed' AND failure ->> 'kind' = 'data'`,
    );
    return row?.n ?? 0;
  }

  /** From each GPU that became free to the next pod that started, in seconds; while runs waited. */
  function waits(): number[] {
    const next = fleet.startedAt.slice(NODES);
    return next.map((at, index) => (at - (fleet.endedAt[index] ?? at)) / 1000);
  }

  async function apiCalls(): Promise<number> {
    const answer = await fetch(`${fleet.trainerUrl}/metrics`);
    const samples = (await answer.text()).matchAll(/^attune_executor_api_calls_total\{[^}]*\} (\d+)/gm);
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  }
});

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
}

/** Of a process's memory, in MiB, so far. */
function peakMib(pid: number): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

const round = (value: number): number => Math.round(value * 100) / 100;
