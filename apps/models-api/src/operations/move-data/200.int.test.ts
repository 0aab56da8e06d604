import { TestApi } from '../../test-support/test-api';
import { dataPath, runningModel, storedItem, uploadAccepted } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const move = (id: number, dataId: string, type: string) =>
  api.call<{ type: string }>('POST', dataPath(id, dataId), { json: { type } });

describe('POST /api/v3/custom_models/{id}/data/{data_id} answers 200', () => {
  it('and moves the item; the model is ready while it has training data, and only then', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id);
    expect(await move(id, data_id, 'test')).toMatchObject({ status: 200, body: { data_id, type: 'test' } });
    expect((await api.getModel(id)).training_status).toBe(1);
    expect((await move(id, data_id, 'train')).body.type).toBe('train');
    expect((await api.getModel(id)).training_status).toBe(2);
    const summary = await api.call(`GET`, `${dataPath(id)}/summary`);
    expect(summary.body).toMatchObject({ train: { ready: 1, audio_ms: 90_000 }, test: { ready: 0, audio_ms: 0 } });
  });

  it('when it is there already', async () => {
    const { id } = await api.createModel();
    const { data_id } = await uploadAccepted(api, id);
    expect((await move(id, data_id, 'train')).status).toBe(200);
  });

  it('during a run, for the next one: the run’s own snapshot stays', async () => {
    const id = await runningModel(api);
    const { snapshotKey } = await api.lastRun(id);
    const before = await textOf(snapshotKey);
    const [item] = await api.database.query<{ id: string }>('system', 'SELECT id FROM data_item WHERE model_id = $1', [
      id,
    ]);
    expect((await move(id, item?.id ?? '', 'test')).status).toBe(200);
    expect(await textOf(snapshotKey)).toBe(before);
    expect((await api.getModel(id)).training_status).toBe(3);
  });

  it('not for another type, or a field that is none', async () => {
    const { id } = await api.createModel();
    const { data_id } = await uploadAccepted(api, id);
    for (const json of [{ type: 'validation' }, {}, { type: 'test', name: 'x' }]) {
      const answer = await api.call('POST', dataPath(id, data_id), { json });
      expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    }
  });
});

async function textOf(key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await api.store.get(key)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
