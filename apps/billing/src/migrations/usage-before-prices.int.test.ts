import { newId, type OrganizationId } from '@attune/kernel';
import { LedgerAuditService } from '../ledger/ledger-audit.service';
import { HOUR_MS, sha256Of, TestBilling } from '../test-support/test-billing';
import { UsageService } from '../usage/usage.service';
import { fromToldRun } from '../usage/usage.convert';
import { usageBeforePrices } from './0031-usage-before-prices';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start();
});
afterAll(() => billing.stop());

const shared = 'used before and after';

/** A run as it was recorded before there were prices, with the shared recording and one of its own. */
const oldRun = (organizationId: string, runId: string) => `
  INSERT INTO usage (run_id, organization_id, model_id, training_ms, payload_sha256, occurred_at)
  VALUES ('${runId}', '${organizationId}', 7, ${String(12 * HOUR_MS)}, '', now());
  INSERT INTO usage_item (run_id, item_id, organization_id, audio_sha256, audio_ms)
  VALUES ('${runId}', gen_random_uuid(), '${organizationId}', '${sha256Of(shared)}', ${String(11 * HOUR_MS)}),
         ('${runId}', gen_random_uuid(), '${organizationId}', '${sha256Of(runId)}', ${String(HOUR_MS)});`;

it('what a model was trained on before there were prices costs nothing again, and the audit counts it so', async () => {
  const organizationId = newId<OrganizationId>();
  await billing.asOwner(
    `ALTER TABLE usage DROP CONSTRAINT usage_has_digest;
     ${[newId(), newId()].map((runId) => oldRun(organizationId, runId)).join('')}
     ${usageBeforePrices.sql}`,
  );
  for (const hours of [0, 2]) {
    const recordings = [
      { name: shared, ms: 11 * HOUR_MS },
      { name: newId(), ms: hours * HOUR_MS },
    ];
    const run = await billing.aRun(recordings, { organizationId });
    await billing.app
      .get(UsageService)
      .ensureRecorded(fromToldRun({ ...run, succeeded_at: '2026-03-10T00:00:00.000Z' }));
  }
  expect(
    await billing.rows('SELECT used_ms, new_ms, amount_cents FROM charge WHERE organization_id = $1 ORDER BY new_ms', [
      organizationId,
    ]),
  ).toEqual([
    { used_ms: 13 * HOUR_MS, new_ms: 0, amount_cents: 0 },
    { used_ms: 13 * HOUR_MS, new_ms: 2 * HOUR_MS, amount_cents: 10_000 },
  ]);
  const audit = billing.app.get(LedgerAuditService);
  expect(await billing.database.read({ organizationId }, (tx) => audit.verify(tx, organizationId))).toBeNull();
  await expect(billing.asOwner(oldRun(newId(), newId()))).rejects.toThrow('usage_has_digest');
});
