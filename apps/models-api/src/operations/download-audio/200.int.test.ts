import { randomBytes } from 'node:crypto';
import { TestApi } from '../../test-support/test-api';
import { dataPath, putData, storedItem } from '../../test-support/uploading';

const AUDIO = randomBytes(200_000);

let api: TestApi;
let id: number;
let path: string;
beforeAll(async () => {
  api = await TestApi.start();
  ({ id } = await api.createModel());
  const { data_id } = await storedItem(api, id, { audioName: 'Frau Müller; 50%.mp3' }, { audio: AUDIO });
  path = `${dataPath(id, data_id)}/audio`;
});
afterAll(() => api.stop());

const fetchAudio = (headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${api.url}${path}`, { method, headers: { authorization: `Bearer ${api.tenant.key}`, ...headers } });
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('GET /api/v3/custom_models/{id}/data/{data_id}/audio', () => {
  it('answers 200 with the whole normalized recording, as a file of its name', async () => {
    const response = await fetchAudio();
    expect(response.status).toBe(200);
    expect((await bytesOf(response)).equals(AUDIO)).toBe(true);
    expect(response.headers.get('content-type')).toBe('audio/flac');
    expect(response.headers.get('content-length')).toBe(String(AUDIO.length));
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="Frau M_ller; 50_.flac"; filename*=UTF-8''Frau%20M%C3%BCller%3B%2050%25.flac`,
    );
  });

  it.each([
    ['bytes=0-99', 0, 99],
    ['bytes=199990-', 199_990, 199_999],
    ['bytes=-10', 199_990, 199_999],
    ['bytes=199990-999999999', 199_990, 199_999],
  ])('answers 206 to %s with that part', async (range, start, end) => {
    const response = await fetchAudio({ range });
    expect([response.status, response.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end}/200000`]);
    expect((await bytesOf(response)).equals(AUDIO.subarray(start, end + 1))).toBe(true);
  });

  it.each(['bytes=5-1', 'bytes=a-b', 'bytes=0-1,5-6', 'items=0-1'])('answers %s with the whole', async (range) => {
    const response = await fetchAudio({ range });
    expect([response.status, (await bytesOf(response)).length]).toEqual([200, AUDIO.length]);
  });

  it.each(['bytes=200000-', 'bytes=-0'])('answers 416 to %s, with the length that there is', async (range) => {
    const response = await fetchAudio({ range });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */200000');
    expect(await response.json()).toMatchObject({ error_code: 'RANGE_NOT_SATISFIABLE', details: { bytes: 200_000 } });
  });

  it('gives a part only of the version that If-Range names', async () => {
    const etag = (await fetchAudio()).headers.get('etag') ?? '';
    expect((await fetchAudio({ range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    expect((await fetchAudio({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
  });

  it('answers HEAD with the length alone', async () => {
    const response = await fetchAudio({}, 'HEAD');
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '200000']);
    expect(await response.text()).toBe('');
  });

  it('answers 409 DATA_NOT_READY while the pair is being processed', async () => {
    const model = await api.createModel();
    const { body } = await putData(api, model.id);
    const answer = await api.call('GET', `${dataPath(model.id, body.data_id)}/audio`);
    expect([answer.status, answer.body.error_code]).toEqual([409, 'DATA_NOT_READY']);
    expect(answer.body.details).toEqual({ item_status: 'processing' });
  });
});
