import { request } from 'node:http';
import type { ErrorBody } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { nextUpload, putData, rejectItem, uploadForm } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

async function expectNothingStored(): Promise<void> {
  expect(await api.storedKeys()).toEqual([]);
  expect(await api.database.query('system', 'SELECT 1 FROM data_item')).toEqual([]);
  expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
}

function formWith(change: (form: FormData) => void): FormData {
  const form = uploadForm();
  change(form);
  return form;
}

describe('PUT /api/v3/custom_models/{id}/data answers 400 and stores nothing', () => {
  it.each<[string, FormData, string[]]>([
    ['no type', uploadForm({ type: undefined }), ['type']],
    ['no audio', uploadForm({ audio: undefined }), ['audio_file']],
    ['no transcript', uploadForm({ transcript: undefined }), ['transcript_file']],
    ['nothing but a type', uploadForm({ audio: undefined, transcript: undefined }), ['audio_file', 'transcript_file']],
    ['another type', uploadForm({ type: 'validation' }), ['type']],
    ['an unknown field', formWith((form) => form.append('note', 'x')), ['note']],
    ['an unknown file', formWith((form) => form.append('video_file', new Blob(['x']), 'x.mp4')), ['video_file']],
    ['a second audio file', formWith((form) => form.append('audio_file', new Blob(['x']), 'b.mp3')), ['audio_file']],
    ['a second type', formWith((form) => form.append('type', 'test')), ['type']],
    ['a transcript as text', formWith((form) => form.set('transcript_file', 'the words')), ['transcript_file']],
    ['a type as a file', formWith((form) => form.set('type', new Blob(['train']), 'type.txt')), ['type']],
  ])('for %s, and says which part is wrong', async (_, form, fields) => {
    const { id } = await api.createModel();
    const { status, body } = await putData<ErrorBody>(api, id, form);
    expect([status, body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(body.details).sort()).toEqual(fields);
    await expectNothingStored();
    expect((await api.getModel(id)).training_status).toBe(1);
  });

  it('for a multipart body that breaks off', async () => {
    const { id } = await api.createModel();
    const answer = await api.call('PUT', `/api/v3/custom_models/${String(id)}/data`, {
      body: '--x\r\ncontent-disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\nsome audio',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    await expectNothingStored();
  });

  it('with ingestion’s own code and words when it refuses within five seconds; item and bytes are gone', async () => {
    const { id } = await api.createModel();
    const sending = putData<ErrorBody>(api, id);
    await rejectItem(api, await nextUpload(api, id), 'This is a video without sound');
    const { status, body } = await sending;
    expect([status, body.error_code]).toEqual([400, 'UNSUPPORTED_AUDIO_FORMAT']);
    expect(body.message).toBe('This is a video without sound');
    expect((await api.getModel(id)).training_status).toBe(1);
    await expectNothingStored();
  });

  it('for a client that goes away in the middle of the audio', async () => {
    const { id } = await api.createModel();
    const sending = request(`${api.url}/api/v3/custom_models/${String(id)}/data`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${api.tenant.key}`, 'content-type': 'multipart/form-data; boundary=x' },
    });
    sending.on('error', () => undefined);
    sending.write('--x\r\ncontent-disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\n');
    sending.write(Buffer.alloc(300_000));
    await eventually(async () => {
      expect(await api.database.query('system', 'SELECT 1 FROM upload WHERE model_id = $1', [id])).toHaveLength(1);
    });
    sending.destroy();
    await eventually(expectNothingStored);
  });
});
