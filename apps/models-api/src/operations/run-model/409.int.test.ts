import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, putData, trainableModel, uploadAccepted } from '../../test-support/uploading';

let api: TestApi;
let replica: string;
beforeAll(async () => {
  api = await TestApi.start();
  replica = await api.addReplica();
});
afterAll(() => api.stop());

const run = (id: number, at = api.url) =>
  api.call('POST', `${at}/api/v3/custom_models/${String(id)}/run`, { json: {} });

describe('POST /api/v3/custom_models/{id}/run answers 409', () => {
  it('MODEL_BUSY while a run is live', async () => {
    const id = await trainableModel(api);
    await run(id);
    const { status, body } = await run(id);
    expect([status, body.error_code]).toEqual([409, 'MODEL_BUSY']);
  });

  it('MODEL_BUSY for all but one of many at once, on two replicas, and leaves no snapshot of the others', async () => {
    const id = await trainableModel(api);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => run(id, n % 2 ? replica : api.url)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
    expect(await api.database.query('system', 'SELECT 1 FROM run WHERE model_id = $1', [id])).toHaveLength(1);
    const snapshots = (await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/runs/`));
    expect(snapshots).toHaveLength(1);
  });

  it('MODEL_NOT_READY without training data, also with test data alone', async () => {
    const { id } = await api.createModel();
    expect((await run(id)).body.error_code).toBe('MODEL_NOT_READY');
    await uploadAccepted(api, id, { type: 'test' });
    const { status, body } = await run(id);
    expect([status, body.error_code]).toEqual([409, 'MODEL_NOT_READY']);
  });

  it('MODEL_NOT_READY while a pair is still being processed, and says how many', async () => {
    const id = await trainableModel(api);
    const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
    const sending = putData(api, id);
    const uploaded = await nextUpload(api, id, known);
    const { status, body } = await run(id);
    expect([status, body.error_code, body.details]).toEqual([409, 'MODEL_NOT_READY', { items_processing: 1 }]);
    await acceptItem(api, uploaded);
    await sending;
    await api.settled();
    expect((await run(id)).status).toBe(200);
  });
});
