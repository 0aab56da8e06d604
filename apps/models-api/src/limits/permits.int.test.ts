import * as fc from 'fast-check';
import type { Database } from '@attune/database';
import { newId, type OrganizationId } from '@attune/kernel';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { WindowOracle } from '../test-support/window-oracle';
import { PermitsRepository } from './permits.repository';
import type { RequestPolicy } from './request-policy';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'models', migrations });
  database = await testDatabase.open();
});
afterAll(() => testDatabase.drop());

interface Grant {
  granted: number;
  windows: { policy: string; used: number; frees_at_ms: number | null; open_at_ms: number | null }[];
}

/** The statement itself, at a time of the test's choice. */
async function take(
  organization: string,
  policies: readonly RequestPolicy[],
  atMs: number,
  needed: number,
  wanted = needed,
): Promise<Grant> {
  const [row] = await database.query<{ grant: Grant }>(
    { organizationId: organization },
    `SELECT take_permits($1, $2, $3, $4, $5, $6, $7, 0, 0, NULL, to_timestamp($8::numeric / 1000)) AS grant`,
    [
      organization,
      policies.map(({ policy }) => policy),
      policies.map(({ quota }) => quota),
      policies.map(({ windowSeconds }) => windowSeconds / 60),
      needed,
      wanted,
      newId(),
      atMs,
    ],
  );
  if (!row) throw new Error('no answer');
  return row.grant;
}

const START_MS = 1_700_000_000_123;
const quota = fc.integer({ min: 0, max: 40 });
const step = fc.record({
  pauseMs: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 3000 }) }, fc.integer({ min: 0, max: 100_000 })),
  needed: fc.integer({ min: 1, max: 6 }),
  more: fc.integer({ min: 0, max: 6 }),
});

describe('permits', () => {
  it('agree with a list of what was let in: all policies are charged or none, and none ever holds more than its quota', async () => {
    await fc.assert(
      fc.asyncProperty(quota, quota, fc.array(step, { minLength: 1, maxLength: 14 }), async (minute, hour, steps) => {
        const organization = newId();
        const policies: RequestPolicy[] = [
          { policy: 'requests_per_minute', quota: minute, windowSeconds: 60 },
          { policy: 'requests_per_hour', quota: hour, windowSeconds: 3600 },
        ];
        const oracles = policies.map((policy) => new WindowOracle(policy));
        let atMs = START_MS;
        for (const { pauseMs, needed, more } of steps) {
          atMs += pauseMs;
          const left = Math.min(
            ...policies.map((policy, n) => Math.max(0, policy.quota - (oracles[n]?.used(atMs) ?? 0))),
          );
          const grant = await take(organization, policies, atMs, needed, needed + more);
          expect(grant.granted).toBe(Math.min(left, Math.max(needed, Math.min(needed + more, Math.floor(left / 16)))));
          policies.forEach(({ policy }, n) => {
            expect(grant.windows.find((window) => window.policy === policy)?.used).toBe(oracles[n]?.used(atMs));
          });
          if (grant.granted > 0) oracles.forEach((oracle) => oracle.add(atMs, grant.granted));
        }
        oracles.forEach((oracle, n) => expect(oracle.mostInAnyWindow()).toBeLessThanOrEqual(policies[n]?.quota ?? -1));
      }),
      { numRuns: 500 },
    );
  }, 600_000);

  it('are there again exactly when the refusal said', async () => {
    const policies: RequestPolicy[] = [{ policy: 'requests_per_minute', quota: 5, windowSeconds: 60 }];
    const organization = newId();
    for (const at of [0, 200, 1500, 1600, 9000]) await take(organization, policies, START_MS + at, 1);
    const { granted, windows } = await take(organization, policies, START_MS + 10_000, 1);
    expect(granted).toBe(0);
    const opensAtMs = windows[0]?.open_at_ms ?? 0;
    expect((await take(organization, policies, opensAtMs - 1, 1)).granted).toBe(0);
    expect((await take(organization, policies, opensAtMs, 1)).granted).toBe(1);
  });

  it('are shared by all who ask at once: together they get what the quota has, and not one more', async () => {
    const policies: RequestPolicy[] = [{ policy: 'requests_per_minute', quota: 100, windowSeconds: 60 }];
    const organization = newId();
    const grants = await Promise.all(Array.from({ length: 60 }, () => take(organization, policies, START_MS, 3)));
    expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(100);
  });
});

describe('places of open requests', () => {
  const instances = ['a', 'b', 'c'].map(() => newId());
  const ask = (organizationId: OrganizationId, n: number, slots: number) =>
    new PermitsRepository(database).take(organizationId, instances[n] ?? '', {
      policies: [{ policy: 'requests_per_minute', quota: 1000, windowSeconds: 60 }],
      needed: 1,
      wanted: 1,
      slots,
      open: 0,
      slotQuota: 3,
    });
  const holders = async (organizationId: OrganizationId) =>
    (
      await database.query<{ instance: string }>(
        { organizationId },
        'SELECT instance FROM request_slot WHERE organization_id = $1 ORDER BY instance',
        [organizationId],
      )
    ).map(({ instance }) => instance);
  const pass = (organizationId: OrganizationId, n: number, seconds: number) =>
    database.query(
      { organizationId },
      `UPDATE request_slot SET expires_at = expires_at - $2 * interval '1 second' WHERE instance = $1`,
      [instances[n], seconds],
    );

  it('of an instance that was killed are free after 30 seconds, not before', async () => {
    const organizationId = newId<OrganizationId>();
    expect(await ask(organizationId, 0, 3)).toMatchObject({ granted: 1, slots: 3 });
    await pass(organizationId, 0, 20);
    expect(await ask(organizationId, 1, 1)).toMatchObject({ granted: 0, others: 3 });
    await pass(organizationId, 0, 10);
    expect(await ask(organizationId, 1, 1)).toMatchObject({ granted: 1, slots: 1, others: 0 });
  });

  it('of an instance that was killed leave the table a minute after that', async () => {
    const organizationId = newId<OrganizationId>();
    await ask(organizationId, 0, 1);
    await ask(organizationId, 1, 1);
    await pass(organizationId, 0, 90);
    await pass(organizationId, 1, 80);
    await ask(organizationId, 2, 1);
    expect(await holders(organizationId)).toEqual([instances[1], instances[2]].sort());
  });
});
