import * as fc from 'fast-check';
import type { Database, Tx } from '@attune/database';
import { newId, type OrganizationId } from '@attune/kernel';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { HourlyLimitsRepository } from './hourly-limits.repository';
import { HOUR_SECONDS } from './limit';

let testDatabase: TestDatabase;
let database: Database;
const hourly = new HourlyLimitsRepository();
beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'models', migrations });
  database = await testDatabase.open();
});
afterAll(() => testDatabase.drop());

/** Pauses in steps that no test takes to run: what is an hour old to the oracle is so to the database. */
const STEP_SECONDS = 120;
const policy = 'model_creations_per_hour' as const;
const steps = fc.array(
  fc.record({
    pause: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.integer({ min: 0, max: 40 })),
    undo: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Lets time pass: for the log alone. */
const pass = (tx: Tx, organizationId: OrganizationId, seconds: number) =>
  tx.execute(`UPDATE rate_log SET at = at - make_interval(secs => $2) WHERE organization_id = $1`, [
    organizationId,
    seconds,
  ]);

describe('an hourly limit', () => {
  it('agrees with a list of what was done: no hour holds more, what was undone is free, and the wait it names is enough', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), steps, (limit, moves) => {
        const organizationId = newId<OrganizationId>();
        return database.runInTransaction({ organizationId }, async (tx) => {
          let now = 0;
          let done: { at: number; subject: string }[] = [];
          const allDone: number[] = [];
          for (const { pause, undo } of moves) {
            now += pause * STEP_SECONDS;
            await pass(tx, organizationId, pause * STEP_SECONDS);
            const recent = done.filter(({ at }) => now - at < HOUR_SECONDS);
            const subject = newId();
            const { taken, state } = await hourly.take(tx, { organizationId, policy, subject }, limit);
            expect(taken).toBe(recent.length < limit);
            expect(state.remaining).toBe(limit - recent.length - (taken ? 1 : 0));
            if (taken) done.push({ at: now, subject });
            if (taken && undo === 0) {
              await hourly.giveBack(tx, { organizationId, policy, subject });
              done = done.filter((one) => one.subject !== subject);
            } else if (taken) allDone.push(now);
          }
          for (const end of allDone) {
            expect(allDone.filter((at) => at <= end && at > end - HOUR_SECONDS).length).toBeLessThanOrEqual(limit);
          }
          await fillAndWait(tx, organizationId, limit);
        });
      }),
      { numRuns: 500 },
    );
  }, 600_000);
});

async function fillAndWait(tx: Tx, organizationId: OrganizationId, limit: number): Promise<void> {
  const take = () => hourly.take(tx, { organizationId, policy, subject: newId() }, limit);
  while ((await take()).taken);
  const { remaining, resetInMs } = await hourly.look(tx, organizationId, policy, limit);
  expect(remaining).toBe(0);
  const wait = Math.ceil((resetInMs ?? 0) / 1000);
  expect(wait).toBeLessThanOrEqual(HOUR_SECONDS);
  // The test itself takes time, too.
  await pass(tx, organizationId, wait - 10);
  expect((await take()).taken).toBe(false);
  await pass(tx, organizationId, 10);
  expect((await take()).taken).toBe(true);
}
