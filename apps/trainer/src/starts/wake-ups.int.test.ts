import type { Database } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { RunsRepository } from '../runs/runs.repository';
import { Trainer } from '../test-support/trainer-parts';
import type { Executor } from './executor';
import type { Starter } from './starter';
import { WakeUps } from './wake-ups';

/** Far more than the clock wakes it in the time that is waited for them. */
const COMMITS = 30;

let testDatabase: TestDatabase;
let database: Database;
let wakeUps: WakeUps;
let starter: { wake: jest.Mock; stop: jest.Mock };
let changed: () => void;

/** The connections that wait for notifications, by their processes at the server. */
async function listeners(): Promise<number[]> {
  const sessions = await database.query<{ pid: number }>(
    'system',
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'`,
  );
  return sessions.map(({ pid }) => pid);
}

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
});
afterAll(() => testDatabase.drop());

beforeEach(async () => {
  starter = { wake: jest.fn(), stop: jest.fn() };
  const executor = { onChange: (listener: () => void) => (changed = listener) };
  const logger = createLogger('test', 'silent');
  wakeUps = new WakeUps(database, starter as unknown as Starter, executor as unknown as Executor, logger);
  wakeUps.onApplicationBootstrap();
  await eventually(async () => expect(await listeners()).toHaveLength(1));
  starter.wake.mockClear();
});
afterEach(() => wakeUps.beforeApplicationShutdown());

it('each run that is asked for wakes the starter at its commit, and not first by the clock', async () => {
  const trainer = new Trainer(database);
  for (let n = 1; n <= COMMITS; n++) {
    const place = { organizationId: newId<OrganizationId>(), modelId: n as ModelId, runId: newId<RunId>() };
    await trainer.request(place);
  }
  await eventually(() => expect(starter.wake.mock.calls.length).toBeGreaterThanOrEqual(COMMITS));
});

it('a start that changes wakes it at once', () => {
  starter.wake.mockClear();
  changed();
  expect(starter.wake).toHaveBeenCalledTimes(1);
});

it('a connection that was lost is made again, and commits wake it as before', async () => {
  const lost = await listeners();
  await database.query('system', 'SELECT pg_terminate_backend($1)', [lost[0]]);
  await eventually(async () => {
    const [listening] = await listeners();
    expect(listening).toEqual(expect.any(Number));
    expect(listening).not.toBe(lost[0]);
  });
  starter.wake.mockClear();
  for (let n = 0; n < COMMITS; n++)
    await database.runInTransaction('system', (tx) => new RunsRepository(database).wake(tx));
  await eventually(() => expect(starter.wake.mock.calls.length).toBeGreaterThanOrEqual(COMMITS));
});
