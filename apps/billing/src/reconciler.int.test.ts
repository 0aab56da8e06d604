import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { HOUR_MS, TestBilling } from './test-support/test-billing';
import { UsageService } from './usage/usage.service';
import { fromToldRun } from './usage/usage.convert';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start({
    settings: { holdSeconds: 0 },
    intervals: { holds: 200, events: 200, statements: 200 },
  });
  billing.answer('models.run-outcomes', () => ({ runs: [] }));
});
afterAll(() => billing.stop());

const aRun = () => billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]);

describe('billing as it runs, with nobody asking for it', () => {
  it('makes the statement of a month that has ended', async () => {
    const run = await aRun();
    await billing.app
      .get(UsageService)
      .ensureRecorded(fromToldRun({ ...run, succeeded_at: '2026-03-10T00:00:00.000Z' }));
    await eventually(async () =>
      expect(
        await billing.rows('SELECT total_cents FROM statement WHERE organization_id = $1', [run.organization_id]),
      ).toEqual([{ total_cents: 5_000 }]),
    );
  });

  it('ends a hold whose run does not exist', async () => {
    const run = await aRun();
    await billing.placeHold(run);
    await eventually(async () =>
      expect(await billing.rows('SELECT state FROM hold WHERE run_id = $1', [run.run_id])).toEqual([
        { state: 'expired' },
      ]),
    );
  });

  it("sends finance's events again after the broker has lost everything", async () => {
    await billing.succeed(await aRun());
    const sent = await eventually(async () => {
      const rows = await billing.rows<{ id: string }>(
        `SELECT id FROM outbox WHERE event_name = 'billing.overage-recorded.v1' AND sent_at IS NOT NULL ORDER BY id`,
      );
      // That of the statement's run, and this one's.
      expect(rows).toHaveLength(2);
      return rows.map(({ id }) => id);
    });
    await billing.nats.stop();
    await billing.nats.wipeStore();
    await billing.nats.start();
    await eventually(async () => expect(await billing.eventsForFinance()).toEqual(sent), { timeoutMs: 20_000 });
  });
});
