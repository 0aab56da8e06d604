import { price, standardBook } from '@attune/pricing';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { LedgerAuditService } from '../ledger/ledger-audit.service';
import { HOUR_MS, TestBilling } from '../test-support/test-billing';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start({ instances: 3 });
});
afterAll(() => billing.stop());

const chargesOf = (organization: string) =>
  billing.rows<{ new_ms: number; included_ms: number; overage_ms: number; amount_cents: number }>(
    'SELECT new_ms, included_ms, overage_ms, amount_cents FROM charge WHERE organization_id = $1',
    [organization],
  );
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('what the price includes', () => {
  it.each([2, 5, 17, 50])(
    'is used once by %i runs of one model that complete together around its end, at three instances',
    async (runs) => {
      const [organizationId, modelId] = [newId(), runs];
      // Together 11 hours and a few odd milliseconds, each run with a recording of its own and one that all share.
      const each = Math.ceil((11 * HOUR_MS) / runs);
      const all = await Promise.all(
        Array.from({ length: runs }, (_, n) =>
          billing.aRun(
            [
              { name: `${organizationId} ${String(n)}`, ms: each + n },
              { name: `${organizationId} shared`, ms: 12_345 },
            ],
            { organizationId, modelId },
          ),
        ),
      );
      await Promise.all(all.map((run) => billing.succeed(run)));
      const charges = await eventually(
        async () => {
          const rows = await chargesOf(organizationId);
          expect(rows).toHaveLength(runs);
          return rows;
        },
        { timeoutMs: 80_000 },
      );
      const distinctMs = sum(Array.from({ length: runs }, (_, n) => each + n)) + 12_345;
      expect(sum(charges.map(({ new_ms }) => new_ms))).toBe(distinctMs);
      expect(sum(charges.map(({ included_ms }) => included_ms))).toBe(36_000_000);
      expect(BigInt(sum(charges.map(({ amount_cents }) => amount_cents)))).toBe(
        price(standardBook, BigInt(distinctMs)),
      );
      const [allowance] = await billing.rows<{ ms: number }>(
        `SELECT sum(amount)::bigint AS ms FROM ledger_entry WHERE organization_id = $1 AND account = 'allowance'`,
        [organizationId],
      );
      expect(allowance?.ms).toBe(-36_000_000);
      const audit = billing.app.get(LedgerAuditService);
      expect(
        await billing.database.read({ organizationId }, (tx) => audit.verify(tx, organizationId as never)),
      ).toBeNull();
    },
  );

  it('is of each model of its own', async () => {
    const organizationId = newId();
    for (const modelId of [101, 102]) {
      await billing.succeed(await billing.aRun([{ name: 'same', ms: 11 * HOUR_MS }], { organizationId, modelId }));
    }
    await eventually(async () =>
      expect((await chargesOf(organizationId)).map((row) => row.amount_cents)).toEqual([5_000, 5_000]),
    );
  });

  it('counts one recording once, also when a run has it twice', async () => {
    const organizationId = newId();
    const twice = [
      { name: 'a', ms: 8 * HOUR_MS },
      { name: 'a', ms: 8 * HOUR_MS },
    ];
    await billing.succeed(await billing.aRun(twice, { organizationId }));
    await eventually(async () =>
      expect(await chargesOf(organizationId)).toMatchObject([{ new_ms: 8 * HOUR_MS, amount_cents: 0 }]),
    );
  });

  it('is exceeded by one event for finance a run, a CloudEvent on a stream of its own', async () => {
    const organizationId = newId();
    const first = await billing.aRun([{ name: 'a', ms: 11 * HOUR_MS }], { organizationId, modelId: 9 });
    const second = await billing.aRun([{ name: 'a', ms: 11 * HOUR_MS }], { organizationId, modelId: 9 });
    const third = await billing.aRun(
      [
        { name: 'a', ms: 11 * HOUR_MS },
        { name: 'b', ms: 2 * HOUR_MS },
      ],
      { organizationId, modelId: 9 },
    );
    for (const [index, run] of [first, second, third].entries()) {
      await billing.succeed(run);
      await eventually(async () => expect(await chargesOf(organizationId)).toHaveLength(index + 1));
    }
    const events = await billing.rows<{ envelope: Record<string, unknown> }>(
      `SELECT envelope FROM outbox WHERE event_name = 'billing.overage-recorded.v1' AND organization_id = $1 ORDER BY position`,
      [organizationId],
    );
    expect(events.map(({ envelope }) => envelope)).toMatchObject([
      {
        specversion: '1.0',
        source: '/attune/billing',
        type: 'billing.overage-recorded.v1',
        subject: organizationId,
        data: { run_id: first.run_id, amount_cents: 5_000, overage_ms: HOUR_MS, distinct_ms_before: 0 },
      },
      {
        data: { run_id: third.run_id, amount_cents: 10_000, overage_ms: 2 * HOUR_MS, distinct_ms_before: 11 * HOUR_MS },
      },
    ]);
  });
});
