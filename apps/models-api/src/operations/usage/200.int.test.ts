import type { ApiUsageList, ErrorBody } from '@attune/contracts';
import type { UsageLine } from '@attune/events';
import { newId } from '@attune/kernel';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const line = (amount: number): UsageLine => ({
  run_id: newId(),
  model_id: 7,
  recorded_at: '2026-01-31T23:59:59.123Z',
  month: '2026-01',
  training_ms: 40_000_000,
  new_ms: 39_600_000,
  included_ms: 36_000_000,
  overage_ms: 3_600_000,
  amount_cents: amount,
  currency: 'USD',
  price_book: '2026-01',
});
const usage = (query = '') => api.call<ApiUsageList & ErrorBody>('GET', `/api/v3/usage${query}`);

describe('GET /api/v3/usage', () => {
  it('answers 200 with one line a run and the totals of all', async () => {
    api.billing.usage = [line(5_000), line(2), line(0)];
    const { status, body } = await usage('?per_page=2');
    expect(status).toBe(200);
    expect(body).toMatchObject({ count: 2, total_results: 3, total_amount_cents: 5_002, currency: 'USD' });
    const [first] = api.billing.usage;
    expect(body.result[0]).toEqual({
      run_id: first?.run_id,
      model_id: 7,
      month: '2026-01',
      recorded_at: '2026-01-31T23:59:59.123Z',
      training_ms: 40_000_000,
      new_distinct_ms: 39_600_000,
      included_ms: 36_000_000,
      overage_ms: 3_600_000,
      amount_cents: 5_000,
      currency: 'USD',
      price_book: '2026-01',
    });
    expect((await usage('?per_page=2&page=2')).body.result).toHaveLength(1);
  });

  it('asks for exactly what the filters name, and always for the caller alone', async () => {
    const run = newId();
    await usage(`?month=2026-02&model=custom_model_12&run=${run}`);
    expect(api.billing.listed.at(-1)).toEqual({
      organization_id: api.tenant.organizationId,
      month: '2026-02',
      model_id: 12,
      run_id: run,
      offset: 0,
      limit: 100,
    });
    await usage('?model=12');
    expect(api.billing.listed.at(-1)).toMatchObject({ model_id: 12, month: null, run_id: null });
  });

  it.each(['?month=2026-13', '?month=2026', '?model=custom', '?model=0', '?run=1', '?per_page=1001'])(
    'answers 400 to %s',
    async (query) => {
      const { status, body } = await usage(query);
      expect([status, body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    },
  );

  it('answers 503 while billing is away', async () => {
    await api.billing.stop();
    try {
      expect((await usage()).status).toBe(503);
    } finally {
      api.billing.start();
    }
  });
});
