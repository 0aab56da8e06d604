import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import { delay } from '@attune/kernel';
import { Client } from 'pg';
import { Reconciler, withLeadership, type Database } from './index';

describe('leadership', () => {
  let server: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [] });
    database = await server.open();
  });
  afterAll(() => server.drop());

  it('has one leader at a time for a name, and another for another name', async () => {
    let active = 0;
    let most = 0;
    const pass = async (): Promise<void> => {
      most = Math.max(most, ++active);
      await delay(50);
      active--;
    };
    const led = await Promise.all(Array.from({ length: 8 }, () => withLeadership(database, 'one', pass)));
    expect(most).toBe(1);
    expect(led.filter(Boolean).length).toBeGreaterThanOrEqual(1);
    expect(
      await withLeadership(database, 'one', () => withLeadership(database, 'two', pass).then(() => undefined)),
    ).toBe(true);
  });

  it('tells a leader whose connection is lost, and lets the next one lead', async () => {
    let lost = false;
    const leading = withLeadership(database, 'lost', async (signal) => {
      await terminateLeader(server.ownerUrl, 'lost');
      await eventually(() => expect(signal.aborted).toBe(true));
      lost = signal.aborted;
    });
    await leading;
    expect(lost).toBe(true);
    // The server says that it ends a session before it gives up what the session held.
    await eventually(async () => expect(await withLeadership(database, 'lost', () => Promise.resolve())).toBe(true));
  });

  it('runs passes until it is stopped, and goes on after one that failed', async () => {
    const log: string[] = [];
    let passes = 0;
    const reconciler = new Reconciler({
      database,
      name: 'passes',
      everyMs: 10,
      pass: () => (++passes === 1 ? Promise.reject(new Error('first pass failed')) : Promise.resolve()),
      log: (message) => log.push(message),
    });
    reconciler.start();
    await eventually(() => expect(passes).toBeGreaterThan(3));
    await reconciler.stop();
    const atStop = passes;
    await delay(100);
    expect(passes).toBe(atStop);
    expect(log).toEqual(['reconciler passes: first pass failed']);
  });
});

async function terminateLeader(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    `leader ${name}`,
  ]);
  await client.end();
}
