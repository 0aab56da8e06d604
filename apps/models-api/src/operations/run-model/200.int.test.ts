import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { ApiModel } from '@attune/contracts';
import { snapshotItem } from '@attune/events';
import { eventually } from '@attune/testing';
import { RunsService } from '../../runs/runs.service';
import { BASE_DIGEST, TestApi } from '../../test-support/test-api';
import { trainableModel, uploadAccepted } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const run = (id: number) => api.call<ApiModel>('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

const requestedOf = (id: number) => api.sent('models.run-requested.v2').filter(({ data }) => data.model_id === id);

describe('POST /api/v3/custom_models/{id}/run answers 200', () => {
  it('with the running model and the message of the contract', async () => {
    const id = await trainableModel(api);
    const { status, body } = await run(id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      training_status: 3,
      training_progress: 0,
      status_message: 'Training started successfully',
    });
    expect((await api.getModel(id)).status_message).toBe('Training in progress...');
  });

  it('and asks the trainer for a run on exactly the data that was there, in a snapshot that cannot change', async () => {
    const id = await trainableModel(api);
    await uploadAccepted(api, id, { audioMs: 30_000 });
    await uploadAccepted(api, id, { type: 'test', audioMs: 10_000 });
    await run(id);
    await eventually(() => expect(requestedOf(id)).toHaveLength(1));
    await uploadAccepted(api, id);
    const data = requestedOf(id)[0]?.data;
    expect(data).toMatchObject({
      base_model: 'general',
      base_digest: BASE_DIGEST,
      language: 'en',
      training_ms: 120_000,
    });
    const bytes = await text(await api.store.get(data?.snapshot_key ?? ''));
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(data?.snapshot_sha256);
    const lines = bytes
      .trimEnd()
      .split('\n')
      .map((line) => snapshotItem.parse(JSON.parse(line)));
    expect(lines.map((line) => [line.data_type, line.audio_ms])).toEqual([
      ['train', 90_000],
      ['train', 30_000],
      ['test', 10_000],
    ]);
    expect(lines.map((line) => line.item_id)).toEqual(lines.map((line) => line.item_id).sort());
  });

  it('for 36,000 pairs, in one object', async () => {
    const id = await trainableModel(api);
    await api.database.query(
      'system',
      `INSERT INTO data_item (id, organization_id, model_id, data_type, status, audio_filename, transcript_filename, audio_sha256,
                              audio_bytes, audio_ms, normalized_key, normalized_sha256, transcript_key, transcript_sha256)
       SELECT gen_random_uuid(), organization_id, model_id, data_type, status, audio_filename, transcript_filename, audio_sha256,
              audio_bytes, 500, normalized_key, normalized_sha256, transcript_key, transcript_sha256
         FROM data_item, generate_series(1, 36000) WHERE model_id = $1`,
      [id],
    );
    expect((await run(id)).status).toBe(200);
    await eventually(() => expect(requestedOf(id)).toHaveLength(1));
    const data = requestedOf(id)[0]?.data;
    expect(data?.training_ms).toBe(90_000 + 36_000 * 500);
    const lines = (await text(await api.store.get(data?.snapshot_key ?? ''))).trimEnd().split('\n');
    expect(lines).toHaveLength(36_001);
  });

  it('and asks again while nobody speaks of the run, in case the answer was lost', async () => {
    const id = await trainableModel(api);
    await run(id);
    await eventually(() => expect(requestedOf(id)).toHaveLength(1));
    await api.app.get(RunsService).requestUnheard(60);
    await api.app.get(RunsService).requestUnheard(-1);
    await eventually(() => expect(requestedOf(id)).toHaveLength(2));
    expect(new Set(requestedOf(id).map((event) => event.id)).size).toBe(2);
  });
});
