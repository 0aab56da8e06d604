import { SttDouble } from '../../test-support/stt-double';
import { STT_TOKEN, TestApi, type CallOptions } from '../../test-support/test-api';
import { acceptItem, nextUpload, uploadForm } from '../../test-support/uploading';

let stt: SttDouble;
let api: TestApi;
beforeAll(async () => {
  stt = await SttDouble.start();
  api = await TestApi.start({ stt: { url: stt.url, token: STT_TOKEN } });
});
afterAll(async () => {
  await api.stop();
  await stt.stop();
});

const send = (method: string, path: string, options: CallOptions) =>
  api.call(method, path, { ...options, headers: { ...options.headers, 'idempotency-key': 'reused' } });

/** The recording of a form is another one each time unless a test says which. */
const pair = { audio: 'RIFF....WAVE the same' };

describe('a known Idempotency-Key with another body is 422 IDEMPOTENCY_KEY_REUSED, and changes nothing', () => {
  it('for JSON', async () => {
    await send('POST', '/api/v3/custom_models', { json: { name: 'one', language: 'en' } });
    const answer = await send('POST', '/api/v3/custom_models', { json: { name: 'two', language: 'en' } });
    expect([answer.status, answer.body.error_code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await api.database.query('system', `SELECT 1 FROM model WHERE name = 'two'`)).toHaveLength(0);
  });

  it.each([
    ['other audio', { audio: 'RIFF....WAVF' }],
    ['a longer recording', { audio: `RIFF....WAVE${'x'.repeat(300_000)}` }],
    ['another transcript', { transcript: 'the heart is small' }],
    ['another type', { type: 'test' }],
    ['another file name', { audioName: 'letter_02.mp3' }],
  ])('for an upload with %s', async (_, change) => {
    const { id } = await api.createModel();
    const path = `/api/v3/custom_models/${String(id)}/data`;
    const first = send('PUT', path, { body: uploadForm(pair) });
    await acceptItem(api, await nextUpload(api, id));
    expect((await first).status).toBe(200);
    const answer = await send('PUT', path, { body: uploadForm({ ...pair, ...change }) });
    expect([answer.status, answer.body.error_code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toHaveLength(1);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toHaveLength(0);
  });

  it('for a recording to transcribe', async () => {
    const body = (audio: string) => ({ json: { model: 'general', audio_file: audio } });
    await send('POST', '/api/v3/stt', body('AAAA'));
    const answer = await send('POST', '/api/v3/stt', body('AAAB'));
    expect([answer.status, answer.body.error_code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(stt.seen).toHaveLength(1);
  });
});
