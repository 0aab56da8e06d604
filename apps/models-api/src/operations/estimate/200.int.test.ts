import type { ApiEstimate, ErrorBody } from '@attune/contracts';
import { newId } from '@attune/kernel';
import { BASE_DIGEST, TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

const HOUR_MS = 3_600_000;

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const estimate = (id: number | string, key = api.tenant.key) =>
  api.call<ApiEstimate & ErrorBody>('POST', `/api/v3/custom_models/${String(id)}/estimate`, { json: {}, key });

/** A run of the platform that took `minutes` for `hours` of audio. */
const pastRun = (modelId: number, base: string, hours: number, minutes: number) =>
  api.database.runInTransaction('system', (tx) =>
    tx.execute(
      `INSERT INTO run (id, organization_id, model_id, state, snapshot_key, snapshot_sha256, base_model, base_digest, language,
                        training_ms, requested_at, finished_at)
       VALUES ($1, $2, $3, 'succeeded', 'k', 's', $4, $5, 'en', $6, now() - make_interval(mins => $7), now())`,
      [newId(), api.tenant.organizationId, modelId, base, BASE_DIGEST, hours * HOUR_MS, minutes],
    ),
  );

describe('POST /api/v3/custom_models/{id}/estimate', () => {
  it('answers 200 with hours and price, and says that there is no past run to judge time by', async () => {
    const id = await trainableModel(api);
    const { status, body } = await estimate(id);
    expect(status).toBe(200);
    expect(body).toEqual({
      model_id: id,
      audio_hours: 0.025,
      new_hours: 0.025,
      included_hours: 0.025,
      billable_hours: 0,
      price: { amount_cents: 0, currency: 'USD', price_book: 'test' },
      expected_minutes: null,
      expected_minutes_basis: { method: 'none', runs: 0, base_model: null },
    });
    expect(api.billing.openHolds(api.tenant.organizationId)).toEqual([]);
  });

  it('prices what is new only, and expects the median pace of past runs on the same base', async () => {
    const id = await trainableModel(api);
    for (const [hours, minutes] of [
      [1, 60],
      [2, 240],
      [1, 600],
    ] as const)
      await pastRun(id, 'general', hours, minutes);
    await pastRun(id, 'medical', 1, 1);
    await api.database.runInTransaction('system', (tx) =>
      tx.execute('UPDATE data_item SET audio_ms = $2 WHERE model_id = $1', [id, 2 * HOUR_MS]),
    );
    api.billing.newMsOf = () => HOUR_MS;
    api.billing.priceOf = () => 5_000;
    const { body } = await estimate(id);
    api.billing.newMsOf = (audio) => audio.reduce((sum, [, ms]) => sum + ms, 0);
    api.billing.priceOf = () => 0;
    expect(body).toMatchObject({ audio_hours: 2, new_hours: 1, billable_hours: 1, price: { amount_cents: 5_000 } });
    // Paces of 1, 2 and 10 minutes a minute: 2 hours at the middle one.
    expect(body.expected_minutes).toBe(240);
    expect(body.expected_minutes_basis).toEqual({ method: 'median_of_past_runs', runs: 3, base_model: 'general' });
  });

  it("answers 404 for a model that is none of the caller's", async () => {
    const id = await trainableModel(api);
    const { key } = await api.addTenant();
    const [missing, other] = [await estimate(999_999, key), await estimate(id, key)];
    expect([missing.status, missing.body.error_code]).toEqual([404, 'MODEL_NOT_FOUND']);
    expect(other.body).toEqual(missing.body);
  });

  it('answers 503 while billing is away', async () => {
    const id = await trainableModel(api);
    await api.billing.stop();
    try {
      expect((await estimate(id)).status).toBe(503);
    } finally {
      api.billing.start();
    }
  });
});
