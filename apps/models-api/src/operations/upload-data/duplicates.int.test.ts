import type { ErrorBody } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, putData, rejectItem, storedItem, uploadForm } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const itemsOf = (id: number) =>
  api.database.query<{ id: string }>('system', 'SELECT id FROM data_item WHERE model_id = $1', [id]);
const pair = { audio: 'the very same recording', transcript: 'the very same words' };

describe('the same recording sent again to a model', () => {
  it('with the same transcript is the item that is there, and nothing is stored twice', async () => {
    const { id } = await api.createModel();
    const first = await storedItem(api, id, pair);
    const before = await api.storedKeys();
    const again = await putData(api, id, uploadForm({ ...pair, audioName: 'other-name.mp3' }));
    expect([again.status, again.body]).toEqual([
      200,
      {
        ...first,
        message: 'This pair is stored already',
        filename: 'other-name.mp3',
        duplicate: true,
      },
    ]);
    expect(await api.storedKeys()).toEqual(before);
    expect(await itemsOf(id)).toHaveLength(1);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('is the same when the transcript differs in line ends and outer white space alone', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, { ...pair, transcript: 'one\ntwo' });
    const again = await putData(api, id, uploadForm({ ...pair, transcript: ' one\r\ntwo \n' }));
    expect(again.body).toMatchObject({ data_id, duplicate: true });
  });

  it('with another transcript is told so, with the item that has it, and changes nothing', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, pair);
    const other = await putData<ErrorBody>(api, id, uploadForm({ ...pair, transcript: 'other words' }));
    expect([other.status, other.body.error_code]).toEqual([409, 'DATA_CONFLICT']);
    expect(other.body.details).toEqual({ data_id, reason: 'other_transcript', stored_type: 'train' });
    const test = await putData<ErrorBody>(api, id, uploadForm({ ...pair, type: 'test' }));
    expect(test.body.details).toMatchObject({ data_id, reason: 'other_type' });
    expect(await itemsOf(id)).toHaveLength(1);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('at the same moment, at two replicas, is stored once, and both are told of the same item', async () => {
    const replica = await api.addReplica();
    for (let round = 0; round < 5; round++) {
      const { id } = await api.createModel();
      const sending = [api.url, replica, api.url, replica].map((url) =>
        api.call<{ data_id: string; duplicate: boolean; item_status: string }>(
          'PUT',
          `${url}/api/v3/custom_models/${String(id)}/data`,
          { body: uploadForm(pair) },
        ),
      );
      await acceptItem(api, await nextUpload(api, id));
      const answers = await Promise.all(sending);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(new Set(answers.map(({ body }) => body.data_id)).size).toBe(1);
      expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
      expect(new Set(answers.map(({ body }) => body.item_status))).toEqual(new Set(['ok']));
      expect(await itemsOf(id)).toHaveLength(1);
    }
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('after it was refused, or to another model, is a pair of its own', async () => {
    const { id } = await api.createModel();
    const sending = putData(api, id, uploadForm(pair));
    await rejectItem(api, await nextUpload(api, id));
    expect((await sending).status).toBe(400);
    expect(await storedItem(api, id, pair)).toMatchObject({ duplicate: false });
    const other = await api.createModel();
    expect(await storedItem(api, other.id, pair)).toMatchObject({ duplicate: false });
    await eventually(async () => expect(await itemsOf(id)).toHaveLength(1));
  });
});
