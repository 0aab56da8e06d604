import { holdLeadership } from '@attune/database';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { HOUR_MS, TestBilling } from '../test-support/test-billing';
import { OverageEventsService } from './overage-events.service';

let billing: TestBilling;
beforeAll(async () => {
  // Sent again by the test alone, which looks at the empty stream before.
  billing = await TestBilling.start({ intervals: { events: 3_600_000 } });
});
afterAll(() => billing.stop());

describe('an event for finance', () => {
  it('is in the stream once for each overage, and again with the same id after the broker has lost everything', async () => {
    for (let n = 0; n < 3; n++) await billing.succeed(await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]));
    const unsent = () => billing.rows(`SELECT 1 FROM outbox WHERE sent_at IS NULL`);
    const sent = () => billing.rows<{ id: string }>(`SELECT id FROM outbox WHERE sent_at IS NOT NULL ORDER BY id`);
    await eventually(async () => expect(await sent()).toHaveLength(3));
    const ids = (await sent()).map(({ id }) => id);
    expect(await billing.eventsForFinance()).toEqual(ids);

    await billing.nats.stop();
    await billing.nats.wipeStore();
    await billing.nats.start();
    await eventually(async () => expect(await billing.eventsForFinance()).toEqual([]), { timeoutMs: 20_000 });
    await billing.app.get(OverageEventsService).resendLost();
    await eventually(async () => expect(await unsent()).toEqual([]), { timeoutMs: 20_000 });
    expect(await billing.eventsForFinance()).toEqual(ids);
  });

  it('is there to be sent again for as long as finance may stay away, a quarter', async () => {
    const runs = [
      await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]),
      await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]),
    ];
    for (const run of runs) await billing.succeed(run);
    const kept = async () =>
      (
        await billing.rows<{ run: string }>(
          `SELECT aggregate_id AS run FROM outbox WHERE sent_at IS NOT NULL AND aggregate_id = ANY($1)`,
          [runs.map(({ run_id }) => run_id)],
        )
      ).map(({ run }) => run);
    await eventually(async () => expect(await kept()).toHaveLength(2));
    for (const [index, days] of [89, 91].entries())
      await billing.asOwner(
        `UPDATE outbox SET sent_at = now() - interval '${String(days)} days' WHERE aggregate_id = '${runs[index]?.run_id ?? ''}'`,
      );
    // Meanwhile nobody sends them again, which would make both young.
    await holdLeadership(billing.testDatabase.url, 'billing.events', async () => {
      // Whoever starts sweeps at once.
      await billing.stopInstances();
      await billing.addInstance();
      await eventually(async () => expect(await kept()).toEqual([runs[0]?.run_id]), { timeoutMs: 20_000 });
    });
  });
});
