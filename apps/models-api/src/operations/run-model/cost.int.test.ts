import type { ApiModel } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { trainableModel, uploadAccepted } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());
afterEach(() => {
  api.billing.priceOf = () => 0;
  api.billing.whilePlacing = () => Promise.resolve();
});

const run = (id: number, json: object = {}, key = api.tenant.key) =>
  api.call<ApiModel & { error_code: string; details: unknown; retry_after: number }>(
    'POST',
    `/api/v3/custom_models/${String(id)}/run`,
    { json, key },
  );
const runsOf = (id: number) =>
  api.database.read('system', (tx) => tx.query<{ id: string }>('SELECT id FROM run WHERE model_id = $1', [id]));

describe('money and POST /api/v3/custom_models/{id}/run', () => {
  it('holds what the run costs under its own id before it exists, each distinct recording counted once', async () => {
    const id = await trainableModel(api);
    api.billing.priceOf = (ms) => ms / 1000;
    expect((await run(id)).status).toBe(200);
    const [started] = await runsOf(id);
    expect(api.billing.holdsOf(started?.id ?? '')).toMatchObject([
      { model_id: id, new_ms: 90_000, amountCents: 90, max_amount_cents: null, released: false },
    ]);
    expect(api.billing.measured.at(-1)?.audio).toHaveLength(1);
  });

  it('answers 402 COST_LIMIT_EXCEEDED above max_cost: nothing started, nothing held', async () => {
    const { organizationId, key } = await api.addTenant();
    const id = await trainableModel(api, key);
    api.billing.priceOf = () => 5_001;
    const { status, body } = await run(id, { max_cost: 5_000 }, key);
    expect([status, body.error_code]).toEqual([402, 'COST_LIMIT_EXCEEDED']);
    expect(body.details).toEqual({ max_cost: 5_000, estimated_cost: 5_001, currency: 'USD', unit: 'cents' });
    expect(await runsOf(id)).toEqual([]);
    expect(api.billing.openHolds(organizationId)).toEqual([]);
    expect((await api.getModel(id, key)).training_status).toBe(2);
    expect((await run(id, { max_cost: 5_001 }, key)).status).toBe(200);
  });

  it.each([{ max_cost: -1 }, { max_cost: 0.5 }, { max_cost: '10' }, { max_cost_cents: 1 }])(
    'answers 400 to %p, before anybody is asked about money',
    async (body) => {
      const id = await trainableModel(api);
      const before = api.billing.measured.length;
      expect((await run(id, body)).body.error_code).toBe('VALIDATION_ERROR');
      expect(api.billing.measured).toHaveLength(before);
    },
  );

  it('holds nothing for a run that is refused for another reason', async () => {
    const before = api.billing.measured.length;
    const { id } = await api.createModel();
    expect((await run(id)).body.error_code).toBe('MODEL_NOT_READY');
    expect((await run(999_999)).body.error_code).toBe('MODEL_NOT_FOUND');
    expect(api.billing.measured).toHaveLength(before);
  });

  it('releases the hold and starts nothing when the data was changed after it was priced', async () => {
    const { organizationId, key } = await api.addTenant();
    const id = await trainableModel(api, key);
    const add = async (): Promise<void> => {
      await api.database.runInTransaction({ organizationId }, (tx) =>
        tx.execute(
          `INSERT INTO data_item (id, organization_id, model_id, data_type, status, audio_filename, transcript_filename, audio_sha256,
                                  audio_bytes, audio_ms, normalized_key, normalized_sha256, transcript_key, transcript_sha256)
           SELECT gen_random_uuid(), organization_id, model_id, data_type, status, audio_filename, transcript_filename,
                  'sha256:' || repeat('a', 64), audio_bytes, audio_ms, normalized_key, normalized_sha256, transcript_key, transcript_sha256
             FROM data_item WHERE model_id = $1`,
          [id],
        ),
      );
    };
    api.billing.whilePlacing = add;
    expect((await run(id, {}, key)).body.error_code).toBe('MODEL_NOT_READY');
    expect(await runsOf(id)).toEqual([]);
    expect(api.billing.openHolds(organizationId)).toEqual([]);
    api.billing.whilePlacing = () => Promise.resolve();
    expect((await run(id, {}, key)).status).toBe(200);
    expect(api.billing.openHolds(organizationId)).toMatchObject([{ new_ms: 180_000 }]);
  });

  it('does so too when a recording was exchanged for another that is as long', async () => {
    const { organizationId, key } = await api.addTenant();
    const id = await trainableModel(api, key);
    api.billing.whilePlacing = async () => {
      await api.database.runInTransaction({ organizationId }, (tx) =>
        tx.execute(`UPDATE data_item SET audio_sha256 = 'sha256:' || repeat('b', 64) WHERE model_id = $1`, [id]),
      );
    };
    expect((await run(id, {}, key)).body.error_code).toBe('MODEL_NOT_READY');
    expect(await runsOf(id)).toEqual([]);
    expect(api.billing.openHolds(organizationId)).toEqual([]);
  });

  it('asks billing in no transaction, with an Idempotency-Key neither', async () => {
    const id = await trainableModel(api);
    // Others of the service end in a moment; one that asks would be open until it is answered: from the first look to the last.
    let open: { id: string }[] | undefined;
    const noneStays = async () => {
      const now = await api.database.query<{ id: string }>(
        'system',
        `SELECT format('%s since %s: %s', pid, xact_start, application_name) AS id
           FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
      );
      open = (open ?? now).filter(({ id }) => now.some((one) => one.id === id));
      expect(open).toEqual([]);
    };
    api.billing.whilePlacing = () => eventually(noneStays, { timeoutMs: 3000 }).catch(() => undefined);
    const headers = { 'idempotency-key': 'money' };
    expect((await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {}, headers })).status).toBe(200);
    expect(open).toEqual([]);
  });

  it('prices 12,000 recordings in three questions', async () => {
    const id = await trainableModel(api);
    await api.database.runInTransaction('system', (tx) =>
      tx.execute(
        `INSERT INTO data_item (id, organization_id, model_id, data_type, status, audio_filename, transcript_filename, audio_sha256,
                                audio_bytes, audio_ms, normalized_key, normalized_sha256, transcript_key, transcript_sha256)
         SELECT gen_random_uuid(), organization_id, model_id, data_type, status, audio_filename, transcript_filename,
                'sha256:' || lpad(to_hex(n), 64, '0'), audio_bytes, 100, normalized_key, normalized_sha256, transcript_key, transcript_sha256
           FROM data_item, generate_series(1, 11999) AS n WHERE model_id = $1`,
        [id],
      ),
    );
    const before = api.billing.measured.length;
    expect((await run(id)).status).toBe(200);
    expect(api.billing.measured.slice(before).map(({ audio }) => audio.length)).toEqual([5_000, 5_000, 2_000]);
    const [started] = await runsOf(id);
    expect(api.billing.holdsOf(started?.id ?? '')).toMatchObject([{ new_ms: 90_000 + 11_999 * 100 }]);
  });

  it('answers 503 while billing is away, and starts nothing', async () => {
    const id = await trainableModel(api);
    await uploadAccepted(api, id);
    await api.billing.stop();
    try {
      const { status, body } = await run(id);
      expect([status, body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      expect(body.retry_after).toBeGreaterThan(0);
      expect(await runsOf(id)).toEqual([]);
      expect((await api.getModel(id)).training_status).toBe(2);
    } finally {
      api.billing.start();
      await api.connection.flush();
    }
    expect((await run(id)).status).toBe(200);
  });
});
