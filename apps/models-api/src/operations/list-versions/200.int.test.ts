import type { ApiVersion } from '@attune/contracts';
import { BASE_DIGEST, TestApi } from '../../test-support/test-api';
import { trainAgain } from '../../test-support/training';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

interface Versions {
  count: number;
  total_results: number;
  result: ApiVersion[];
}
const list = async (id: number, query = '') =>
  (await api.call<Versions>('GET', `/api/v3/custom_models/${String(id)}/versions${query}`)).body;

describe('GET /api/v3/custom_models/{id}/versions answers 200', () => {
  it('with the versions that succeeded runs made, numbered from 1 in each model, newest first, in pages', async () => {
    const id = await trainableModel(api);
    expect(await list(id)).toEqual({ count: 0, total_results: 0, result: [] });
    for (const wer of [20, 15, 10]) await trainAgain(api, id, { word_error_rate: wer });
    const other = await trainableModel(api);
    await trainAgain(api, other);

    const all = await list(id);
    expect(all).toMatchObject({ count: 3, total_results: 3 });
    expect(all.result.map(({ number, active }) => [number, active])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);
    expect(all.result[1]).toMatchObject({
      model: `custom_model_${String(id)}@2`,
      base_digest: BASE_DIGEST,
      training_audio_ms: 90_000,
      training_metrics: { word_error_rate: 15, base_word_error_rate: 15.38 },
    });
    const pages = await Promise.all([1, 2, 3].map((page) => list(id, `?per_page=1&page=${String(page)}`)));
    expect(pages.flatMap(({ result }) => result)).toEqual(all.result);
    expect((await list(other)).result.map(({ number }) => number)).toEqual([1]);
  });

  it('and no statement changes a version that is there', async () => {
    const id = await trainableModel(api);
    await trainAgain(api, id);
    await expect(
      api.database.query('system', `UPDATE version SET digest = 'x' WHERE model_id = $1`, [id]),
    ).rejects.toThrow('append-only');
  });
});
