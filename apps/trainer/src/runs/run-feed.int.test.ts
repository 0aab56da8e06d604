import fc from 'fast-check';
import type { Database, Tx } from '@attune/database';
import type { FeedEvent } from '@attune/events';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { Trainer, untilWaiting } from '../test-support/trainer-parts';
import type { Run } from './run';
import { RunFeedRepository } from './run-feed.repository';
import { RunsRepository } from './runs.repository';

let testDatabase: TestDatabase;
let database: Database;
let feed: RunFeedRepository;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open({ poolSize: 12 });
  feed = new RunFeedRepository(database);
});
afterAll(() => testDatabase.drop());

let models = 0;

async function aRun(modelId = (models += 1) as ModelId, organizationId = newId<OrganizationId>()): Promise<Run> {
  const runId = newId<RunId>();
  await new Trainer(database).request({ organizationId, modelId, runId });
  const run = await new RunsRepository(database).find(runId);
  if (!run) throw new Error('no run');
  return run;
}

const line = (message: string) => ({ type: 'log', at: new Date(), level: 'info', stage: 'training', message }) as const;
const read = async (run: Run, after: number, limit = 1000): Promise<FeedEvent[]> => {
  const page = { after, levels: ['info' as const, 'warning' as const, 'error' as const], limit, withTotal: false };
  return (await feed.list(run.organizationId, run.modelId, page)).events;
};
const messagesOf = (events: FeedEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'log' ? event.message : []));

/** Appends, and commits only when told to. */
function writer(run: Run, message: string): { commit: () => Promise<void> } {
  let commit = (): void => undefined;
  const held = new Promise<void>((resolve) => (commit = resolve));
  const done = database.runInTransaction('system', async (tx: Tx) => {
    await feed.append(tx, run, [line(message)]);
    await held;
  });
  return {
    commit: () => {
      commit();
      return done;
    },
  };
}

describe('the feed of a model', () => {
  it('shows a later event never before an earlier one: whoever comes second waits for the first one’s commit', async () => {
    const run = await aRun();
    const first = writer(run, 'first');
    await eventually(async () => {
      const held = await database.query(
        'system',
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%model_feed%'`,
      );
      expect(held).toHaveLength(1);
    });
    const second = writer(run, 'second');
    const finished = second.commit();
    await untilWaiting(database, 1);
    const before = await read(run, 0);
    expect(messagesOf(before)).toEqual([]);
    await first.commit();
    await finished;
    expect(messagesOf(await read(run, before.at(-1)?.position ?? 0))).toEqual(['first', 'second']);
  });

  it('gives a reader that remembers its last position everything once, whenever it looks', async () => {
    const pauses = fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pauses, pauses, async (writes, reads) => {
        const run = await aRun();
        const seen: FeedEvent[] = [];
        const look = async (): Promise<void> => {
          seen.push(...(await read(run, seen.at(-1)?.position ?? 0, 3)));
        };
        await Promise.all([
          ...writes.map(async (pauseMs, n) => {
            const writing = writer(run, String(n));
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
            await writing.commit();
          }),
          (async () => {
            for (const pauseMs of reads) {
              await look();
              await new Promise((resolve) => setTimeout(resolve, pauseMs));
            }
          })(),
        ]);
        for (let n = 0; n < writes.length + 1; n += 1) await look();
        expect(messagesOf(seen).sort()).toEqual(writes.map((_, n) => String(n)).sort());
        expect(seen.map(({ position }) => position)).toEqual(seen.map((_, i) => i + 1));
      }),
      { numRuns: 40 },
    );
  });

  it('goes on counting in the next run of the model, and belongs to its organization', async () => {
    const first = await aRun();
    await database.runInTransaction('system', (tx) => feed.append(tx, first, [line('one')]));
    const second = await aRun(first.modelId, first.organizationId);
    const events = await read(second, 0);
    expect(events.map(({ position, run_id }) => [position, run_id])).toEqual([
      [1, first.runId],
      [2, first.runId],
      [3, second.runId],
    ]);
    expect(await read({ ...first, organizationId: newId() }, 0)).toEqual([]);
  });

  it('filters by level and counts what the filter lets through', async () => {
    const run = await aRun();
    await database.runInTransaction('system', (tx) =>
      feed.append(tx, run, [
        line('x'),
        { ...line('bad'), level: 'error' },
        { type: 'metric', at: new Date(), name: 'train_loss', value: 0.5, step: 3, pass: 1 },
      ]),
    );
    const page = { after: 0, levels: ['error' as const], limit: 10, withTotal: true };
    const { total, events } = await feed.list(run.organizationId, run.modelId, page);
    expect([total, messagesOf(events)]).toEqual([1, ['bad']]);
    const lines = await feed.listLines(run.organizationId, run.modelId, { offset: 0, limit: 10 });
    expect([lines.total, lines.lines.map(({ message }) => message)]).toEqual([2, ['x', 'bad']]);
  });
});
