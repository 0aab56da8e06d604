import fc from 'fast-check';
import type { Database } from '@attune/database';
import { newId, type OrganizationId, type Plan, type RunId } from '@attune/kernel';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import type { Run } from '../runs/run';
import { RunsRepository } from '../runs/runs.repository';
import type { Candidate, HeldStart } from './executor';
import { aNewRun } from '../test-support/new-run';
import { QueueRepository } from './queue.repository';

let testDatabase: TestDatabase;
let database: Database;
let runs: RunsRepository;
let queue: QueueRepository;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  runs = new RunsRepository(database);
  queue = new QueueRepository(database);
});
afterAll(() => testDatabase.drop());
beforeEach(() => empty());

async function empty(): Promise<void> {
  await database.query('system', 'DELETE FROM training_run');
  await database.query('system', 'DELETE FROM organization');
}

async function request(organizationId: OrganizationId): Promise<RunId> {
  const run = aNewRun(organizationId);
  await database.runInTransaction('system', (tx) => runs.insert(tx, run));
  return run.runId;
}

async function allow(
  organizationId: OrganizationId,
  liveRuns: number | null,
  revision = 1,
  plan: Plan = 'gold',
): Promise<boolean> {
  return database.runInTransaction('system', (tx) =>
    queue.applyEntitlement(tx, organizationId, { plan, liveRuns, revision }),
  );
}

/** As a starter does; null when no run may start now. */
async function startNext(
  hasPlace: (candidate: Candidate, held: readonly HeldStart[]) => boolean = () => true,
): Promise<Run | null> {
  return database.runInTransaction('system', async (tx) => {
    const next = await queue.lockNext(tx, 'host', (candidate, held) => hasPlace(candidate, held) || null);
    if (!next) return null;
    const { run } = next;
    await queue.noteTurn(tx, run.organizationId);
    return runs.change(tx, run, { starts: run.starts + 1, host: 'host' });
  });
}

async function end(runId: RunId): Promise<void> {
  await database.runInTransaction('system', async (tx) => {
    const run = await runs.lock(tx, runId);
    if (run) await runs.move(tx, run, 'failed', 'test', { failure: { kind: 'engine', message: 'x' }, host: null });
  });
}

async function organizationWith(
  liveRuns: number | null,
  waiting: number,
  plan: Plan = 'gold',
): Promise<{ id: OrganizationId; runs: RunId[] }> {
  const id = newId<OrganizationId>();
  await allow(id, liveRuns, 1, plan);
  const ids: RunId[] = [];
  for (let n = 0; n < waiting; n += 1) ids.push(await request(id));
  return { id, runs: ids };
}

async function line(organizations: readonly { id: OrganizationId; runs: readonly RunId[] }[]): Promise<string[]> {
  const lists = await Promise.all(organizations.map(({ id, runs: ids }) => queue.listPositions(id, ids)));
  return lists
    .flat()
    .sort((a, b) => a.position - b.position)
    .map(({ runId }) => runId);
}

describe('the order of starts', () => {
  it('gives the next start to an organization’s first run, though another one has ten in the queue before it', async () => {
    const [busy, late] = [await organizationWith(2, 10), await organizationWith(2, 0)];
    const first = await startNext();
    const theirs = await request(late.id);
    expect(await queue.listPositions(late.id, [theirs])).toEqual([{ runId: theirs, position: 1 }]);
    // With one host the first run ends before the next one starts, and nobody has any run at work then.
    await end(first?.runId as RunId);
    expect((await startNext())?.runId).toBe(theirs);
    await end(theirs);
    expect((await startNext())?.runId).toBe(busy.runs[1]);
  });

  it('holds an organization at its limit and lets others pass; more is started when one of its runs ends', async () => {
    const [gold, other] = [await organizationWith(2, 4), await organizationWith(10, 3)];
    const started: (string | undefined)[] = [];
    for (let n = 0; n < 6; n += 1) started.push((await startNext())?.organizationId);
    expect(started.filter((id) => id === gold.id)).toHaveLength(2);
    expect(started.filter((id) => id === other.id)).toHaveLength(3);
    expect(started[5]).toBeUndefined();
    await end(gold.runs[0] as RunId);
    expect((await startNext())?.runId).toBe(gold.runs[2]);
    expect(await startNext()).toBeNull();
  });

  it('holds the limit exactly when many hosts ask at once', async () => {
    const gold = await organizationWith(2, 10);
    const started = await Promise.all(Array.from({ length: 8 }, () => startNext()));
    expect(started.filter((run) => run !== null)).toHaveLength(2);
    expect(await line([gold])).toEqual(gold.runs.slice(2));
  });

  it('starts one run at a time for an organization of which billing has not spoken, and any number without a limit', async () => {
    const unknown = newId<OrganizationId>();
    await request(unknown);
    await request(unknown);
    expect([await startNext(), await startNext()].filter((run) => run !== null)).toHaveLength(1);
    await allow(unknown, null);
    expect(await startNext()).not.toBeNull();
  });

  it('takes the newest word of billing, in whatever order it comes', async () => {
    const { id } = await organizationWith(1, 3);
    expect(await allow(id, 3, 5)).toBe(true);
    expect(await allow(id, 0, 4)).toBe(false);
    for (let n = 0; n < 3; n += 1) expect(await startNext()).not.toBeNull();
  });

  it('lets a retry wait for its time behind those that may start now', async () => {
    const one = await organizationWith(5, 2);
    await database.query('system', `UPDATE training_run SET start_after = now() + interval '1 minute' WHERE id = $1`, [
      one.runs[0],
    ]);
    expect(await line([one])).toEqual([one.runs[1], one.runs[0]]);
    expect((await startNext())?.runId).toBe(one.runs[1]);
    expect(await startNext()).toBeNull();
  });

  it('lets a run that has waited for half a day go before newer ones of the highest class', async () => {
    const [gold, enterprise] = [await organizationWith(5, 2), await organizationWith(5, 2, 'enterprise')];
    const age = (hours: number): Promise<unknown> =>
      database.query('system', `UPDATE training_run SET created_at = now() - $1 * interval '1 hour' WHERE id = $2`, [
        hours,
        gold.runs[0],
      ]);
    await age(11);
    expect(await line([gold, enterprise])).toEqual([...enterprise.runs, ...gold.runs]);
    await age(13);
    expect((await line([gold, enterprise]))[0]).toBe(gold.runs[0]);
    expect((await line([gold, enterprise]))[3]).toBe(gold.runs[1]);
  });

  it('lets the runs of the highest class go first, whenever they came, and organizations of a class take turns', async () => {
    const [gold, other] = [await organizationWith(5, 2), await organizationWith(5, 1)];
    const enterprise = await organizationWith(5, 2, 'enterprise');
    const expected = [...enterprise.runs, gold.runs[0], other.runs[0], gold.runs[1]];
    expect(await line([gold, other, enterprise])).toEqual(expected);
    for (const runId of expected) expect((await startNext())?.runId).toBe(runId);
  });

  it('takes the plan from the word of billing that is known already, where that was heard before plans were noted', async () => {
    const { id } = await organizationWith(1, 1);
    await database.query('system', 'UPDATE organization SET plan = NULL WHERE organization_id = $1', [id]);
    expect(await allow(id, 1, 1, 'enterprise')).toBe(true);
    expect(await allow(id, 1, 1, 'gold')).toBe(false);
  });

  it('passes over a run that has no place at the host, and tells the host what it holds', async () => {
    const { runs: waiting } = await organizationWith(5, 3);
    await database.query('system', `UPDATE training_run SET accelerator = 'large' WHERE id = $1`, [waiting[0]]);
    const seen: (string | null)[] = [];
    const start = () =>
      startNext(({ accelerator }, held) => {
        seen.push(accelerator);
        return accelerator === null && held.length === 0;
      });
    expect((await start())?.runId).toBe(waiting[1]);
    expect(seen).toEqual(['large', null]);
    expect(await start()).toBeNull();
    await end(waiting[1] as RunId);
    expect((await start())?.runId).toBe(waiting[2]);
  });

  it('gives a host no more than it holds room for, however many trainers start there at once', async () => {
    await organizationWith(10, 8);
    const start = () => startNext((_, held) => held.length < 3);
    const started = (await Promise.all(Array.from({ length: 8 }, start))).filter((run) => run !== null);
    expect(started).toHaveLength(3);
    expect(new Set(started.map((run) => run.runId)).size).toBe(3);
  });

  it('is what positions say: while no run ends, runs start in the very order of their positions', async () => {
    const shape = fc.array(
      fc.record({
        limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
        before: fc.integer({ min: 0, max: 3 }),
        plan: fc.constantFrom<Plan>('gold', 'enterprise'),
        waiting: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(shape, async (wanted) => {
        await empty();
        const organizations = [];
        for (const { limit, waiting, plan } of wanted) organizations.push(await organizationWith(limit, waiting, plan));
        // Some have runs at work and have had turns already.
        for (let n = 0; n < Math.max(...wanted.map(({ before }) => before)); n += 1) {
          const run = await startNext();
          if (run && n % 2 === 0) await end(run.runId);
        }
        const promised = await line(organizations);
        const started: string[] = [];
        for (let run = await startNext(); run; run = await startNext()) started.push(run.runId);
        expect(started).toEqual(promised.slice(0, started.length));
      }),
      { numRuns: 40 },
    );
  });

  it('starves nobody: between two turns of an organization that waits, every other has one turn at most', async () => {
    const turns = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 20, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(turns, async (requests) => {
        await empty();
        const ids = [];
        for (let n = 0; n < 4; n += 1) ids.push((await organizationWith(null, 1)).id);
        const order: string[] = [];
        // One host: a run ends before the next one starts; whoever asks, asks again and again.
        for (const n of requests) {
          await request(ids[n] as OrganizationId);
          const run = await startNext();
          if (!run) continue;
          order.push(run.organizationId);
          await end(run.runId);
          const waiting = await database.query<{ id: string }>(
            'system',
            `SELECT DISTINCT organization_id AS id FROM training_run WHERE state = 'queued'`,
          );
          for (const { id } of waiting) {
            const since = order.slice(order.lastIndexOf(id) + 1);
            if (order.includes(id)) expect(new Set(since).size).toBe(since.length);
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('the measures of the queue', () => {
  const measure = () => database.read('system', (tx) => queue.measure(tx));
  const set = (runId: RunId | undefined, change: string) =>
    database.query('system', `UPDATE training_run SET ${change} WHERE id = $1`, [runId]);

  it('count and age only runs that may start: not those of an organization at its limit, nor retries that are not due', async () => {
    const [full, free] = [await organizationWith(1, 3), await organizationWith(5, 4)];
    const [, , retried, early] = free.runs;
    await set(full.runs[0], `host = 'host'`);
    await set(full.runs[1], `created_at = now() - interval '9 hours', start_after = now() - interval '9 hours'`);
    await set(free.runs[0], `start_after = now() - interval '20 minutes'`);
    // It was asked for long ago, and has been at work since.
    await set(retried, `created_at = now() - interval '9 hours', start_after = now() - interval '1 minute'`);
    await set(early, `start_after = now() + interval '1 hour', created_at = now() - interval '9 hours'`);
    const [usual, ...others] = await measure();
    expect(others).toEqual([]);
    expect(usual).toMatchObject({ accelerator: '', waiting: 3, heldBack: 3, provisioning: 1 });
    expect(usual?.oldestSeconds).toBeGreaterThanOrEqual(20 * 60);
    expect(usual?.oldestSeconds).toBeLessThan(21 * 60);
  });

  it('tell accelerators apart, and starts that wait for a machine from runs that wait for their turn', async () => {
    const { runs: waiting } = await organizationWith(null, 3);
    await set(waiting[0], `accelerator = 'large', start_after = now() - interval '1 hour'`);
    await set(waiting[1], `host = 'host'`);
    const measures = new Map((await measure()).map((one) => [one.accelerator, one]));
    expect(measures.get('large')).toMatchObject({ waiting: 1, heldBack: 0, provisioning: 0 });
    expect(measures.get('large')?.oldestSeconds).toBeGreaterThanOrEqual(3600);
    expect(measures.get('')).toMatchObject({ waiting: 1, heldBack: 0, provisioning: 1 });
    expect(measures.get('')?.oldestSeconds).toBeLessThan(60);
  });

  it('are 0 seconds where nobody may start', async () => {
    await organizationWith(0, 1);
    expect(await measure()).toEqual([{ accelerator: '', waiting: 0, oldestSeconds: 0, heldBack: 1, provisioning: 0 }]);
  });
});
