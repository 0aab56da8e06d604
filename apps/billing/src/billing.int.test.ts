import { eventually } from '@attune/testing';
import { newId } from '@attune/kernel';
import { TestBilling, type Recording } from './test-support/test-billing';

describe('billing', () => {
  let billing: TestBilling;
  beforeAll(async () => {
    billing = await TestBilling.start();
  });
  afterAll(() => billing.stop());

  const item = (ms: number, type: 'train' | 'test' = 'train'): Recording => ({ name: newId(), ms, type });
  const usageOf = (runId: string) =>
    billing.rows<{ training_ms: number; items: number; items_ms: number }>(
      `SELECT u.training_ms, count(i.*) AS items, sum(i.audio_ms)::bigint AS items_ms
         FROM usage u LEFT JOIN usage_item i USING (run_id) WHERE u.run_id = $1 GROUP BY u.run_id`,
      [runId],
    );
  const deadLetters = () => billing.rows<{ error: string }>('SELECT error FROM failed_event WHERE dead_at IS NOT NULL');

  it('is ready when PostgreSQL, NATS and the store are', async () => {
    const answer = await billing.app.inject({ method: 'GET', url: '/healthz/ready' });
    expect(answer.json()).toEqual({ status: 'ok', checks: { postgres: 'ok', nats: 'ok', store: 'ok' } });
  });

  it('records each training recording of a succeeded run once, however often it hears of the run', async () => {
    const run = await billing.aRun([item(1000), item(2500), item(4000, 'test')]);
    await Promise.all([1, 2, 3].map(() => billing.succeed(run)));
    const expected = [{ training_ms: 3500, items: 2, items_ms: 3500 }];
    await eventually(async () => expect(await usageOf(run.run_id)).toEqual(expected));
    await eventually(async () => {
      const [row] = await billing.rows<{ count: number }>(
        `SELECT count(*) AS count FROM inbox WHERE consumer = 'billing-usage' AND organization_id = $1`,
        [run.organization_id],
      );
      expect(row?.count).toBe(3);
    });
    expect(await usageOf(run.run_id)).toEqual(expected);
  });

  it('records a run of 36,000 clips', async () => {
    const run = await billing.aRun(Array.from({ length: 36_000 }, () => item(1000)));
    await billing.succeed(run);
    await eventually(
      async () =>
        expect(await usageOf(run.run_id)).toEqual([{ training_ms: 36_000_000, items: 36_000, items_ms: 36_000_000 }]),
      { timeoutMs: 80_000 },
    );
  });

  it('records nothing from a snapshot that disagrees with the run', async () => {
    const run = await billing.aRun([item(1000)]);
    await billing.succeed({ ...run, training_ms: 999 });
    await eventually(async () => expect((await deadLetters()).map(({ error }) => error).join()).toContain('1000 ms'));
    expect(await usageOf(run.run_id)).toEqual([]);
  });

  it('refuses every change of usage, from its own role by missing rights and from the owner by a trigger', async () => {
    const run = await billing.aRun([item(1000)]);
    await billing.succeed(run);
    await eventually(async () => expect(await usageOf(run.run_id)).toHaveLength(1));
    for (const table of ['usage', 'usage_item']) {
      for (const sql of [`UPDATE ${table} SET organization_id = organization_id`, `DELETE FROM ${table}`]) {
        await expect(billing.database.query('system', sql)).rejects.toThrow('permission denied');
        await expect(billing.asOwner(sql)).rejects.toThrow('append-only');
      }
    }
  });

  it("shows an organization nobody else's usage, even without a filter", async () => {
    const run = await billing.aRun([item(1000)]);
    await billing.succeed(run);
    await eventually(async () => expect(await usageOf(run.run_id)).toHaveLength(1));
    const rowsFor = (organizationId: string) =>
      billing.database.read({ organizationId }, (tx) => tx.query<{ run_id: string }>('SELECT run_id FROM usage'));
    expect(await rowsFor(run.organization_id)).toEqual([{ run_id: run.run_id }]);
    expect(await rowsFor(newId())).toEqual([]);
  });
});
