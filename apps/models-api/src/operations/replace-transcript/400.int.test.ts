import { TestApi } from '../../test-support/test-api';
import { dataPath, nextUpload, putData, rejectItem, storedItem } from '../../test-support/uploading';

let api: TestApi;
let id: number;
let path: string;
let before: string[];
beforeAll(async () => {
  api = await TestApi.start();
  ({ id } = await api.createModel());
  const { data_id } = await storedItem(api, id, {}, { text: 'as it was' });
  path = `${dataPath(id, data_id)}/transcript`;
  before = await api.storedKeys();
});
afterAll(async () => {
  await api.stop();
});

async function expectUnchanged(): Promise<void> {
  expect((await api.call<string>('GET', path)).text).toBe('as it was');
  expect(await api.storedKeys()).toEqual(before);
  expect(await api.database.query('system', 'SELECT 1 FROM data_erasure')).toEqual([]);
}

const send = (body: Buffer | string, type = 'text/plain') =>
  api.call('PUT', path, { body, headers: { 'content-type': type } });

describe('PUT /api/v3/custom_models/{id}/data/{data_id}/transcript changes nothing and answers', () => {
  it.each<[string, Buffer | string, string]>([
    ['what is not UTF-8', Buffer.from('un café', 'latin1'), 'TRANSCRIPT_NOT_UTF8'],
    ['UTF-16', Buffer.from('words', 'utf16le'), 'TRANSCRIPT_CONTROL_CHARACTERS'],
    ['no words', ' \n', 'TRANSCRIPT_EMPTY'],
    ['far more words than can be spoken', 'word '.repeat(800), 'TRANSCRIPT_TOO_LONG_FOR_AUDIO'],
    ['far too few words', 'two words', 'TRANSCRIPT_TOO_SHORT_FOR_AUDIO'],
  ])('400 INVALID_TRANSCRIPT to %s, with what to do', async (_, text, code) => {
    const answer = await send(Buffer.from(text as string));
    expect([answer.status, answer.body.error_code]).toEqual([400, 'INVALID_TRANSCRIPT']);
    expect(answer.body.details).toMatchObject({ issues: [{ code, fix: expect.stringMatching(/\w/) as string }] });
    await expectUnchanged();
  });

  it('400 VALIDATION_ERROR to a form without the file, with two, or with another field', async () => {
    const forms = [new FormData(), new FormData(), new FormData()];
    forms[0]?.append('transcript_file', 'text, no file');
    forms[1]?.append('transcript_file', new Blob(['a']), 'a.txt');
    forms[1]?.append('transcript_file', new Blob(['b']), 'b.txt');
    forms[2]?.append('audio_file', new Blob(['a']), 'a.wav');
    for (const form of forms) {
      const answer = await api.call('PUT', path, { body: form });
      expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    }
    await expectUnchanged();
  });

  it('413 to more than a transcript may have, and 415 to another content type', async () => {
    const large = await send('x'.repeat(5000));
    expect([large.status, large.body.error_code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const json = await send('{}', 'application/json');
    expect([json.status, json.body.error_code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    await expectUnchanged();
  });

  it('409 DATA_NOT_READY for a pair that is being processed or was refused', async () => {
    const model = await api.createModel();
    const { body } = await putData(api, model.id);
    const item = `${dataPath(model.id, body.data_id)}/transcript`;
    const early = await api.call('PUT', item, { body: 'words', headers: { 'content-type': 'text/plain' } });
    expect([early.status, early.body.error_code, early.body.details]).toEqual([
      409,
      'DATA_NOT_READY',
      { item_status: 'processing' },
    ]);
    await rejectItem(api, await nextUpload(api, model.id));
    for (;;) {
      const late = await api.call('PUT', item, { body: 'words', headers: { 'content-type': 'text/plain' } });
      if (late.body.details['item_status'] === 'rejected') break;
    }
  });
});
