import type { ErrorBody } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, putData, rejectItem, uploadAccepted, uploadForm } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

async function tenantWithModel(uploads: number): Promise<{ key: string; id: number }> {
  const { key } = await api.addTenant({ limits: { data_uploads_per_hour: uploads } });
  return { key, id: (await api.createModel({}, key)).id };
}

describe('PUT /api/v3/custom_models/{id}/data answers 429', () => {
  it('before it reads the body, when the hour’s uploads are used up', async () => {
    const { key, id } = await tenantWithModel(1);
    await uploadAccepted(api, id, { key });
    const { status, body } = await putData<ErrorBody>(api, id, uploadForm(), key);
    expect([status, body.error_code, body.details['policy']]).toEqual([
      429,
      'RATE_LIMIT_EXCEEDED',
      'data_uploads_per_hour',
    ]);
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toHaveLength(1);
  });

  it('to all but the last allowed of many at once, and keeps nothing of the others', async () => {
    const { key, id } = await tenantWithModel(1);
    const sending = Promise.all(Array.from({ length: 4 }, () => putData(api, id, uploadForm(), key)));
    await nextUpload(api, id);
    const answers = await sending;
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429]);
    const stored = (await api.storedKeys()).filter((name) => name.includes(`/m/${String(id)}/`));
    expect(new Set(stored.map((name) => name.split('/data/')[1]?.split('/')[0])).size).toBe(1);
  });

  it('to a pair that is there already like to any other: its bytes came in', async () => {
    const { key, id } = await tenantWithModel(2);
    const pair = { audio: 'the same recording', transcript: 'the same words' };
    const first = putData(api, id, uploadForm(pair), key);
    await acceptItem(api, await nextUpload(api, id));
    expect((await first).status).toBe(200);
    expect((await putData(api, id, uploadForm(pair), key)).status).toBe(200);
    expect((await putData(api, id, uploadForm(pair), key)).status).toBe(429);
  });

  it('not for uploads that were invalid, or that ingestion refused', async () => {
    const { key, id } = await tenantWithModel(1);
    expect((await putData(api, id, uploadForm({ type: 'other' }), key)).status).toBe(400);
    const sending = putData(api, id, uploadForm(), key);
    const refused = await nextUpload(api, id);
    await rejectItem(api, refused);
    expect((await sending).status).toBe(400);
    const again = putData(api, id, uploadForm(), key);
    const taken = nextUpload(api, id, new Set([refused.item_id]));
    expect(await Promise.race([again.then(({ status }) => status), taken.then(() => 'taken')])).toBe('taken');
    await acceptItem(api, await taken);
    expect((await again).status).toBe(200);
    expect((await putData(api, id, uploadForm(), key)).status).toBe(429);
  });
});
