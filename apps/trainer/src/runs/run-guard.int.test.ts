import { newId } from '@attune/kernel';
import type { Database } from '@attune/database';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { canMove, isTerminal, runStates, transitions, type Run, type RunState } from './run';
import { aNewRun } from '../test-support/new-run';
import { RunsRepository } from './runs.repository';

let testDatabase: TestDatabase;
let database: Database;
let runs: RunsRepository;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  runs = new RunsRepository(database);
});
afterAll(() => testDatabase.drop());

async function insertRun(): Promise<Run> {
  const run = aNewRun(newId());
  await database.runInTransaction('system', (tx) => runs.insert(tx, run));
  return found(run.runId);
}

async function found(runId: string): Promise<Run> {
  const run = await runs.find(runId);
  if (!run) throw new Error('no such run');
  return run;
}

/** Walks legal moves from queued. */
async function runIn(state: RunState): Promise<Run> {
  let run = await insertRun();
  for (const next of pathTo(state)) run = (await move(run, next)) ?? run;
  expect(run.state).toBe(state);
  return run;
}

function pathTo(target: RunState): RunState[] {
  const paths = new Map<RunState, RunState[]>([['queued', []]]);
  for (const [from, path] of paths)
    for (const to of transitions[from]) if (!paths.has(to)) paths.set(to, [...path, to]);
  return paths.get(target) ?? [];
}

function move(run: Run, to: RunState): Promise<Run | null> {
  const extra =
    to === 'failed'
      ? { failure: { kind: 'engine' as const, message: 'x' } }
      : to === 'succeeded'
        ? { metrics: {} }
        : {};
  return database.runInTransaction('system', (tx) => runs.move(tx, run, to, 'test', extra));
}

describe('the guard in PostgreSQL', () => {
  it.each(runStates)('allows from %s exactly the moves of the table, for every pair', async (from) => {
    for (const to of runStates.filter((state) => state !== from)) {
      const run = await runIn(from);
      if (canMove(from, to)) await expect(move(run, to)).resolves.toMatchObject({ state: to });
      else await expect(move(run, to)).rejects.toThrow(/cannot go from|violates check/);
    }
  });

  it('refuses a run that does not begin queued', async () => {
    const run = await insertRun();
    await expect(
      database.query(
        'system',
        `INSERT INTO training_run (id, organization_id, model_id, state, snapshot_key, snapshot_sha256, base_model, base_digest, language, training_ms, seed)
         SELECT $2, organization_id, model_id, 'training', snapshot_key, snapshot_sha256, base_model, base_digest, language, training_ms, seed
           FROM training_run WHERE id = $1`,
        [run.runId, newId()],
      ),
    ).rejects.toThrow('begins queued');
  });

  it('lets epoch and progress never fall', async () => {
    const run = await insertRun();
    await database.query('system', 'UPDATE training_run SET epoch = 3, progress = 50 WHERE id = $1', [run.runId]);
    for (const change of ['epoch = 2', 'progress = 49']) {
      await expect(
        database.query('system', `UPDATE training_run SET ${change} WHERE id = $1`, [run.runId]),
      ).rejects.toThrow('never fall');
    }
  });

  it('keeps every move for ever: run_transition takes no update', async () => {
    const run = await runIn('training');
    const kept = await database.query<{ to_state: string }>(
      'system',
      'SELECT to_state FROM run_transition WHERE run_id = $1 ORDER BY position',
      [run.runId],
    );
    expect(kept.map(({ to_state }) => to_state)).toEqual(pathTo('training'));
    await expect(database.query('system', `UPDATE run_transition SET reason = 'other'`)).rejects.toThrow('append-only');
  });
});

describe('a conditional move', () => {
  it('is won by one of many that expect the same state and epoch', async () => {
    const run = await insertRun();
    const results = await Promise.all(Array.from({ length: 20 }, () => move(run, 'preparing')));
    expect(results.filter((moved) => moved !== null)).toHaveLength(1);
  });

  it('changes nothing for an epoch that is over, or once the run is terminal', async () => {
    const run = await runIn('preparing');
    expect(await move({ ...run, epoch: run.epoch + 1 }, 'training')).toBeNull();
    for (const state of runStates.filter(isTerminal)) {
      const ended = await runIn(state);
      expect(await move({ ...ended, state: 'training' }, 'evaluating')).toBeNull();
      expect((await found(ended.runId)).state).toBe(state);
    }
  });
});
