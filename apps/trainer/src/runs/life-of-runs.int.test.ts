import fc from 'fast-check';
import type { Database } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { METRICS } from '../test-support/test-platform';
import { canMove, isTerminal, runStates, type RunState } from './run';
import { Trainer } from '../test-support/trainer-parts';

/** bench/invariants asks for a thousand. */
const SEQUENCES = Number(process.env['ATTUNE_TEST_SEQUENCES'] ?? 500);
/** bench/invariants asks for five hundred. */
const RACES = Number(process.env['ATTUNE_TEST_RACES'] ?? 20);

let testDatabase: TestDatabase;
let database: Database;
let trainer: Trainer;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  trainer = new Trainer(database);
});
afterAll(() => testDatabase.drop());

interface Expected {
  place: { organizationId: OrganizationId; modelId: ModelId; runId: RunId };
  state: RunState | 'none';
  /** A start was ordered and is not over. */
  isStarted: boolean;
  failedAttempts: number;
  isCancelledEarly: boolean;
  isErased: boolean;
}

const MAX_ATTEMPTS = 3;
const atWork = (m: Expected): boolean => m.isStarted && (m.state === 'preparing' || m.state === 'training');
const isLive = (m: Expected): boolean => m.state !== 'none' && !isTerminal(m.state);

/** What each step does to a run that the table allows, in the fewest words; the trainer is asked in any state. */
const steps: Record<string, (m: Expected, t: Trainer) => Promise<void>> = {
  request: async (m, t) => {
    await t.request(m.place);
    if (m.isErased || m.state !== 'none') return;
    m.state = m.isCancelledEarly ? 'cancelled' : 'queued';
  },
  start: async (m, t) => {
    await t.start(m.place.runId);
    if (m.state === 'queued') m.isStarted = true;
  },
  claim: async (m, t) => {
    await t.claim(m.place.runId);
    if (m.state === 'queued' && m.isStarted) m.state = 'preparing';
  },
  train: async (m, t) => {
    await t.report(m.place.runId, 'training');
    if (atWork(m)) m.state = 'training';
  },
  deliver: async (m, t) => {
    await t.deliver(m.place.runId);
    if (!atWork(m) || m.state !== 'training') return;
    m.state = 'evaluating';
    m.isStarted = false;
  },
  complete: async (m, t) => {
    await t.evaluated(m.place, METRICS);
    if (m.state === 'evaluating') m.state = 'succeeded';
  },
  failEvaluation: async (m, t) => {
    await t.evaluationFailed(m.place);
    if (m.state === 'evaluating') m.state = 'failed';
  },
  fail: async (m, t) => {
    await t.giveUp(m.place.runId, 'data');
    if (!atWork(m)) return;
    m.state = 'failed';
    m.isStarted = false;
  },
  retry: async (m, t) => {
    await t.giveUp(m.place.runId, 'interrupted');
    if (!atWork(m)) return;
    m.state = 'queued';
    m.isStarted = false;
  },
  expire: async (m, t) => {
    await t.expire(m.place.runId);
    if (!m.isStarted) return;
    if (m.state === 'cancelling') m.state = 'cancelled';
    else if (m.state !== 'queued') {
      m.failedAttempts += 1;
      m.state = m.failedAttempts >= MAX_ATTEMPTS ? 'failed' : 'queued';
    }
    m.isStarted = false;
  },
  cancel: async (m, t) => {
    await t.cancel(m.place);
    if (m.isErased) return;
    if (m.state === 'none') m.isCancelledEarly = true;
    else if (isLive(m)) m.state = m.isStarted ? 'cancelling' : 'cancelled';
  },
  confirm: async (m, t) => {
    await t.confirm(m.place.runId);
    if (m.state !== 'cancelling') return;
    m.state = 'cancelled';
    m.isStarted = false;
  },
  erase: async (m, t) => {
    await t.erase(m.place);
    Object.assign(m, { state: 'none', isErased: true, isStarted: false });
  },
};

class Step implements fc.AsyncCommand<Expected, Trainer> {
  constructor(private readonly name: string) {}

  check(): boolean {
    return true;
  }

  async run(model: Expected, real: Trainer): Promise<void> {
    await steps[this.name]?.(model, real);
    expect((await real.stateOf(model.place.runId)) ?? 'none').toBe(model.state);
  }

  toString(): string {
    return this.name;
  }
}

function newRun(): Expected {
  const place = { organizationId: newId<OrganizationId>(), modelId: newModelId(), runId: newId<RunId>() };
  return { place, state: 'none', isStarted: false, failedAttempts: 0, isCancelledEarly: false, isErased: false };
}

let models = 0;
const newModelId = (): ModelId => (models += 1) as ModelId;

describe('a run, whatever happens to it in whatever order', () => {
  it(
    'makes legal moves only, told to its owner in the order in which they were made',
    async () => {
      const lives = fc.commands(
        Object.keys(steps).map((name) => fc.constant(new Step(name))),
        { maxCommands: 25 },
      );
      await fc.assert(
        fc.asyncProperty(lives, async (commands) => {
          const model = newRun();
          await fc.asyncModelRun(() => ({ model, real: trainer }), commands);
          const moves = (await trainer.movesOf(model.place.runId)).map(
            (move) => move.split('>') as [RunState, RunState],
          );
          for (const [from, to] of moves) {
            expect(runStates).toEqual(expect.arrayContaining([from, to]));
            expect(canMove(from, to)).toBe(true);
          }
          // The parts here deliver without a stage of their own, so `evaluating` is told by none of them.
          const toldAs = (states: string[]): string[] => states.filter((state) => state !== 'evaluating');
          const made = model.state === 'none' ? [] : ['queued', ...moves.map(([, to]) => to)];
          expect(toldAs(await trainer.statesToldOf(model.place.runId))).toEqual(toldAs(made));
          // Every end is the last word, and there is one of them.
          const told = await trainer.endsTold(model.place.runId);
          expect(new Set(told).size).toBeLessThanOrEqual(1);
        }),
        { numRuns: SEQUENCES },
      );
    },
    60_000 + SEQUENCES * 1000,
  );
});

describe('a start that nobody has claimed in time', () => {
  it('uses up no attempt, however often, and each makes the next one wait longer', async () => {
    const { place } = newRun();
    await trainer.request(place);
    const waits: number[] = [];
    for (let n = 0; n < MAX_ATTEMPTS + 5; n += 1) {
      await trainer.start(place.runId);
      await trainer.expire(place.runId);
      const [run] = await database.query<{ state: string; failed_attempts: number; wait_s: number }>(
        'system',
        `SELECT state, failed_attempts, extract(epoch FROM start_after - updated_at)::float8 AS wait_s
           FROM training_run WHERE id = $1`,
        [place.runId],
      );
      expect(run).toMatchObject({ state: 'queued', failed_attempts: 0 });
      waits.push(Math.round(run?.wait_s ?? 0));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });
});

describe('a cancel that races the end of its run', () => {
  const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const atMost50 = (): number => Math.random() * 50;

  async function evaluating(): Promise<Expected> {
    const run = newRun();
    for (const step of ['request', 'start', 'claim', 'train', 'deliver']) await steps[step]?.(run, trainer);
    expect(await trainer.stateOf(run.place.runId)).toBe('evaluating');
    return run;
  }

  it(
    'leaves the run in exactly one end, and tells no other',
    async () => {
      for (let n = 0; n < RACES; n += 1) {
        const { place } = await evaluating();
        await Promise.all([
          nap(atMost50()).then(() => trainer.cancel(place)),
          nap(atMost50()).then(() => trainer.evaluated(place, METRICS)),
        ]);
        const state = await trainer.stateOf(place.runId);
        const told = await trainer.endsTold(place.runId);
        expect(['succeeded', 'cancelled']).toContain(state);
        expect(new Set(told)).toEqual(new Set([`training.run-${String(state)}.v1`]));
      }
    },
    30_000 + RACES * 500,
  );

  it('that holds the run when the success comes wins, and the other way round', async () => {
    for (const first of ['cancel', 'success'] as const) {
      const { place } = await evaluating();
      const act = {
        cancel: () => trainer.cancel(place),
        success: () => trainer.evaluated(place, METRICS),
      };
      // Both wait for the run's lock; whoever asked first has it first.
      const outcomes = await trainer.whileLocked(place.runId, async (untilWaiting) => {
        const begun = act[first]();
        await untilWaiting(1);
        const other = act[first === 'cancel' ? 'success' : 'cancel']();
        await untilWaiting(2);
        return [begun, other];
      });
      // Who comes second finds that it is over; an error would have its event tried again, for nothing.
      expect(outcomes).toEqual(['fulfilled', 'fulfilled']);
      expect(await trainer.stateOf(place.runId)).toBe(first === 'cancel' ? 'cancelled' : 'succeeded');
    }
  });
});
