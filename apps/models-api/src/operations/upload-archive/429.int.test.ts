import { archiveForm, zipOf } from '../../test-support/archiving';
import { TestApi } from '../../test-support/test-api';
import { dataPath, putData, uploadForm } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('POST /api/v3/custom_models/{id}/data/archives answers 429', () => {
  it('after as many archives as the hour may hold uploads, however many pairs are in them; and keeps nothing', async () => {
    const { key } = await api.addTenant({ limits: { data_uploads_per_hour: 2 } });
    const { id } = await api.createModel({}, key);
    const archive = await zipOf({ 'a.mp3': 'audio a', 'a.txt': 'a', 'b.mp3': 'audio b', 'b.txt': 'b' });
    const post = (body: FormData) => api.call('POST', `${dataPath(id)}/archives`, { body, key });
    // What is refused costs nothing.
    expect((await post(archiveForm(Buffer.from('no archive')))).status).toBe(400);
    const answers = [
      await post(archiveForm(archive)),
      await post(archiveForm(archive)),
      await post(archiveForm(archive)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 429]);
    expect(answers[2]?.body.details).toMatchObject({ policy: 'data_uploads_per_hour', limit: 2 });
    expect((await putData(api, id, uploadForm(), key)).status).toBe(429);
    const kept = await api.database.query('system', 'SELECT FROM archive WHERE model_id = $1', [id]);
    expect(kept).toHaveLength(2);
  });
});
