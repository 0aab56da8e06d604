import type { ApiDataItem } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { dataPath, nextUpload, putData, rejectItem, storedItem } from '../../test-support/uploading';

let api: TestApi;
let id: number;
const ids: Record<'good' | 'warned' | 'test', string> = { good: '', warned: '', test: '' };
const warning = {
  code: 'TRANSCRIPT_TOO_SHORT_FOR_AUDIO',
  severity: 'warning' as const,
  message: 'Few words for so long a recording',
  fix: 'Check it.',
};

beforeAll(async () => {
  api = await TestApi.start();
  ({ id } = await api.createModel());
  ids.good = (await storedItem(api, id, { audioName: 'a.mp3' }, { audioMs: 61_000 })).data_id;
  ids.warned = (await storedItem(api, id, {}, { issues: [warning] })).data_id;
  ids.test = (await storedItem(api, id, { type: 'test' })).data_id;
});
afterAll(() => api.stop());

interface List {
  count: number;
  total_results: number;
  result: ApiDataItem[];
}
const list = async (query = '') => (await api.call<List>('GET', `${dataPath(id)}${query}`)).body;
const idsOf = ({ result }: List) => result.map(({ data_id }) => data_id);

describe('GET /api/v3/custom_models/{id}/data answers 200', () => {
  it('with every item, newest first, and all that is known of it', async () => {
    const { count, total_results, result } = await list();
    expect([count, total_results]).toEqual([3, 3]);
    expect(result.map(({ data_id }) => data_id)).toEqual([ids.test, ids.warned, ids.good]);
    expect(result[2]).toEqual({
      data_id: ids.good,
      type: 'train',
      item_status: 'ok',
      issues: [],
      filename: 'a.mp3',
      transcript_filename: 'letter_01.txt',
      audio_bytes: expect.any(Number) as number,
      audio_ms: 61_000,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      updated_at: expect.any(String) as string,
    });
    expect(result[1]).toMatchObject({ item_status: 'warning', issues: [warning] });
  });

  it.each([
    ['?type=test', 'test'],
    ['?item_status=warning', 'warned'],
    ['?issue=TRANSCRIPT_TOO_SHORT_FOR_AUDIO', 'warned'],
    ['?type=train&item_status=ok', 'good'],
  ] as const)('with what %s asks for, and its total', async (query, name) => {
    const found = await list(query);
    expect([idsOf(found), found.total_results]).toEqual([[ids[name]], 1]);
  });

  it('in pages, by either pair of names, with the total of all', async () => {
    expect(await list('?page=2&per_page=2')).toMatchObject({ count: 1, total_results: 3 });
    expect(idsOf(await list('?offset=1&limit=1'))).toEqual([ids.warned]);
    expect(await list('?page=9')).toMatchObject({ count: 0, total_results: 3, result: [] });
  });

  it('with nothing for another model, and nothing for an issue that no item has', async () => {
    expect(await list('?issue=AUDIO_TRUNCATED')).toMatchObject({ count: 0, total_results: 0 });
    const other = await api.createModel();
    expect((await api.call<List>('GET', dataPath(other.id))).body.result).toEqual([]);
  });

  it('with a pair that was refused after its upload, without length', async () => {
    const model = await api.createModel();
    const sending = putData(api, model.id);
    const uploaded = await nextUpload(api, model.id);
    await sending;
    await rejectItem(api, uploaded);
    const read = async () => (await api.call<List>('GET', `${dataPath(model.id)}?item_status=rejected`)).body.result;
    await eventually(async () => expect(await read()).toMatchObject([{ data_id: uploaded.item_id, audio_ms: null }]));
  });

  it('with totals that are those of the table, whatever happened to its rows', async () => {
    const { organizationId } = api.tenant;
    const model = await api.createModel();
    await api.database.runInTransaction({ organizationId }, async (tx) => {
      await tx.execute(
        `INSERT INTO data_item (id, organization_id, model_id, data_type, audio_filename, transcript_filename, audio_sha256, audio_bytes)
         SELECT gen_random_uuid(), $1, $2, 'train', 'a', 't', 'sha256:' || n, 1 FROM generate_series(1, 300) n`,
        [organizationId, model.id],
      );
      await tx.execute(
        `UPDATE data_item SET status = 'ok', audio_ms = 10, normalized_key = 'k' WHERE model_id = $1 AND audio_sha256 < 'sha256:2'`,
        [model.id],
      );
      await tx.execute(`UPDATE data_item SET data_type = 'test' WHERE model_id = $1 AND audio_sha256 LIKE '%7'`, [
        model.id,
      ]);
      await tx.execute(`DELETE FROM data_item WHERE model_id = $1 AND audio_sha256 LIKE '%3'`, [model.id]);
    });
    const counted = await api.database.query(
      'system',
      `SELECT data_type, status, items, audio_ms FROM data_item_count WHERE model_id = $1 AND items <> 0 ORDER BY 1, 2`,
      [model.id],
    );
    const true_ = await api.database.query(
      'system',
      `SELECT data_type, status, count(*) AS items, coalesce(sum(audio_ms), 0)::bigint AS audio_ms FROM data_item
        WHERE model_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
      [model.id],
    );
    expect(counted).toEqual(true_);
    expect(counted).toHaveLength(4);
  });
});

describe('GET /api/v3/custom_models/{id}/data answers 400', () => {
  it.each(['?type=validation', '?item_status=good', '?per_page=101', '?page=0'])('for %s', async (query) => {
    const answer = await api.call('GET', `${dataPath(id)}${query}`);
    expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
  });
});
