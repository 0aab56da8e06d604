import { createHash } from 'node:crypto';
import {
  acceptItem,
  nextUpload,
  putData,
  rejectItem,
  runningModel,
  uploadAccepted,
  uploadForm,
} from '../../test-support/uploading';
import { TestApi } from '../../test-support/test-api';
import { eventually } from '@attune/testing';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('PUT /api/v3/custom_models/{id}/data answers 200', () => {
  it('with the receipt of the contract, once ingestion has accepted the pair', async () => {
    const { id } = await api.createModel();
    const receipt = await uploadAccepted(api, id);
    expect(receipt).toEqual({
      message: 'Training data uploaded successfully',
      data_type: 'train',
      filename: 'letter_01.mp3',
      transcript_filename: 'letter_01.txt',
      training_status: 2,
      data_id: expect.any(String) as string,
      item_status: 'ok',
      duplicate: false,
    });
    expect((await api.getModel(id)).status_message).toBe('Data uploaded. Ready to start training.');
  });

  it('tells ingestion where the bytes lie and what they are', async () => {
    const { id } = await api.createModel();
    const sending = putData(api, id, uploadForm({ audio: 'some audio' }));
    const uploaded = await nextUpload(api, id);
    await acceptItem(api, uploaded);
    await sending;
    expect(uploaded).toMatchObject({ data_type: 'train', audio_bytes: 10 });
    expect(uploaded.audio_sha256).toBe(`sha256:${createHash('sha256').update('some audio').digest('hex')}`);
    expect(await api.storedKeys()).toEqual(expect.arrayContaining([uploaded.audio_key, uploaded.transcript_key]));
  });

  it('leaves a model with nothing but test data at 1', async () => {
    const { id } = await api.createModel();
    expect(await uploadAccepted(api, id, { type: 'test' })).toMatchObject({ data_type: 'test', training_status: 1 });
  });

  it('says processing when no verdict comes within five seconds; a later refusal takes the model back to 1', async () => {
    const { id } = await api.createModel();
    const started = performance.now();
    const { body } = await putData(api, id);
    expect(performance.now() - started).toBeGreaterThan(4900);
    expect(body).toMatchObject({ item_status: 'processing', training_status: 2 });
    await rejectItem(api, await nextUpload(api, id));
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(1));
    const summary = await api.call('GET', `/api/v3/custom_models/${String(id)}/data/summary`);
    expect(summary.body).toMatchObject({ train: { processing: 0, ready: 0, rejected: 1, audio_ms: 0 } });
  });

  it('keeps a model at 2 while another training pair is stored', async () => {
    const { id } = await api.createModel();
    await uploadAccepted(api, id);
    const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
    const sending = putData(api, id);
    await rejectItem(api, await nextUpload(api, id, known));
    expect((await sending).status).toBe(400);
    expect((await api.getModel(id)).training_status).toBe(2);
  });

  it('during a run, for the next one, and does not change the status', async () => {
    const id = await runningModel(api);
    expect(await uploadAccepted(api, id)).toMatchObject({ training_status: 3 });
  });

  it('whatever order the parts come in', async () => {
    const { id } = await api.createModel();
    const form = new FormData();
    form.append('transcript_file', new Blob(['text']), 't.txt');
    form.append('audio_file', new Blob(['audio']), 'a.wav');
    form.append('type', 'test');
    const sending = putData(api, id, form);
    await acceptItem(api, await nextUpload(api, id));
    expect((await sending).body).toMatchObject({ data_type: 'test', filename: 'a.wav' });
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\windows\\system.ini', 'system.ini'],
    ['a\u0000b\u001b[31m.mp3', 'ab[31m.mp3'],
    ['\u202egpj.mp3', 'gpj.mp3'],
    [`${'x'.repeat(10_000)}.mp3`, 'x'.repeat(255)],
  ])('shows the name %j as plain data and never uses it as a path', async (name, shown) => {
    const { id } = await api.createModel();
    const sending = putData(api, id, uploadForm({ audioName: name }));
    const uploaded = await nextUpload(api, id);
    await acceptItem(api, uploaded);
    expect((await sending).body.filename).toBe(shown);
    expect(uploaded.audio_key).toMatch(/^o\/[0-9a-f-]{36}\/m\/\d+\/data\/[0-9a-f-]{36}\/upload\/audio$/);
  });

  it('at whichever replica the verdict is taken in', async () => {
    const replica = await api.addReplica();
    const { id } = await api.createModel();
    const sending = [api.url, replica].map((url) =>
      api.call('PUT', `${url}/api/v3/custom_models/${String(id)}/data`, { body: uploadForm() }),
    );
    const first = await nextUpload(api, id);
    const second = await nextUpload(api, id, new Set([first.item_id]));
    await acceptItem(api, first);
    await acceptItem(api, second);
    for (const { body } of await Promise.all(sending)) expect(body).toMatchObject({ item_status: 'ok' });
  });
});
