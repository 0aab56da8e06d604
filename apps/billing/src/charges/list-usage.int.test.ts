import { newId } from '@attune/kernel';
import { HOUR_MS, TestBilling } from '../test-support/test-billing';
import { UsageService } from '../usage/usage.service';
import { fromToldRun } from '../usage/usage.convert';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start();
});
afterAll(() => billing.stop());

const organizationId = newId();
const times = [
  '2025-12-31T23:59:59.999Z',
  '2026-01-01T00:00:00.000Z',
  '2026-01-31T23:59:59.999Z',
  '2026-02-01T00:00:00.000Z',
];
const runs: string[] = [];
beforeAll(async () => {
  for (const [index, succeeded_at] of times.entries()) {
    const run = await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }], { organizationId, modelId: index + 1 });
    await billing.app.get(UsageService).ensureRecorded(fromToldRun({ ...run, succeeded_at }));
    runs.push(run.run_id);
  }
});

const list = (
  filter: { month?: string; model_id?: number; run_id?: string },
  limit = 10,
  organization_id = organizationId,
) =>
  billing.ask('billing.list-usage', {
    ...{ organization_id, month: null, model_id: null, run_id: null, offset: 0, limit },
    ...filter,
  });

describe('the usage of an organization', () => {
  it.each([
    ['2025-12', [0]],
    ['2026-01', [2, 1]],
    ['2026-02', [3]],
    ['2026-03', []],
  ])(
    'of the month %s is that of the runs which succeeded in it, in UTC, to the millisecond',
    async (month, expected) => {
      const { lines, total, amount_cents } = await list({ month });
      expect(lines.map(({ run_id, month: own }) => [run_id, own])).toEqual(expected.map((n) => [runs[n], month]));
      expect([total, amount_cents]).toEqual([expected.length, expected.length * 5_000]);
    },
  );

  it('is newest first, in pages whose totals are of everything, and of one model or run where it is asked for', async () => {
    const page = await list({}, 2);
    expect(page).toMatchObject({ total: 4, amount_cents: 20_000, lines: [{ run_id: runs[3] }, { run_id: runs[2] }] });
    expect((await list({ model_id: 2 })).lines).toMatchObject([{ run_id: runs[1] }]);
    expect((await list({ run_id: runs[0] ?? '', month: '2026-01' })).lines).toEqual([]);
    expect((await list({}, 10, newId())).total).toBe(0);
  });
});
