import { TestApi } from '../../test-support/test-api';
import { acceptItem, dataPath, nextUpload } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const TUS = { 'tus-resumable': '1.0.0' };

/** A recording that came in by tus, in two pieces. */
async function uploaded(key: string, content: string): Promise<string> {
  const made = await api.call('POST', '/api/v3/uploads', {
    key,
    headers: { ...TUS, 'upload-length': String(content.length), 'upload-metadata': 'filename YS5tcDM=' },
  });
  expect(made.status).toBe(201);
  const id = made.headers.get('location')?.split('/').at(-1) ?? '';
  for (const [offset, piece] of [
    [0, content.slice(0, 4)],
    [4, content.slice(4)],
  ] as const) {
    const headers = { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' };
    expect((await api.call('PATCH', `/api/v3/uploads/${id}`, { key, headers, body: piece })).status).toBe(204);
  }
  return id;
}

describe('resumable uploads', () => {
  it('count as one upload when they become data, and not before; what is refused can be sent again later', async () => {
    const { organizationId, key } = await api.addTenant({ limits: { data_uploads_per_hour: 1 } });
    const { id: modelId } = await api.createModel({}, key);
    const [first, second] = [await uploaded(key, 'recording 1'), await uploaded(key, 'recording 2')];
    const bind = (id: string) =>
      api.call('POST', `${dataPath(modelId)}/from_uploads`, {
        key,
        json: { type: 'train', audio_upload_id: id, transcript: `the words of ${id}` },
      });
    const sending = bind(first);
    await acceptItem(api, await nextUpload(api, modelId));
    expect((await sending).status).toBe(200);
    const refused = await bind(second);
    expect([refused.status, refused.body.details['policy']]).toEqual([429, 'data_uploads_per_hour']);
    await api.database.runInTransaction({ organizationId }, (tx) =>
      tx.execute(`UPDATE rate_log SET at = at - interval '1 hour' WHERE organization_id = $1`, [organizationId]),
    );
    const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
    const again = bind(second);
    await acceptItem(api, await nextUpload(api, modelId, known));
    expect((await again).status).toBe(200);
  });
});
