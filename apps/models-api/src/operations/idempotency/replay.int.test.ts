import { connect } from 'node:net';
import type { ApiModel, UploadReceipt } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { IdempotencyService } from '../../idempotency/idempotency.service';
import { SttDouble } from '../../test-support/stt-double';
import { STT_TOKEN, TestApi, type Answer, type CallOptions } from '../../test-support/test-api';
import { trainAgain } from '../../test-support/training';
import { acceptItem, nextUpload, runningModel, trainableModel, uploadForm } from '../../test-support/uploading';

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

const keyed = <T>(method: string, path: string, key: string, options: CallOptions = {}): Promise<Answer<T>> =>
  api.call<T>(method, path, { ...options, headers: { ...options.headers, 'idempotency-key': key } });
const models = '/api/v3/custom_models';
/** The recording of a form is another one each time unless a test says which. */
const pair = { audio: 'RIFF....WAVE the same' };
const aModel = { name: 'Heart clinic', language: 'en' };
const countModels = async (): Promise<number> => (await api.database.query('system', 'SELECT 1 FROM model')).length;

/** The same status and body, byte for byte, and said to be a repetition. */
function expectReplay(again: Answer<unknown>, first: Answer<unknown>): void {
  expect([again.status, again.text]).toEqual([first.status, first.text]);
  expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
}

describe('a request with a known Idempotency-Key is answered again and does nothing', () => {
  it('when it creates a model', async () => {
    const before = await countModels();
    const first = await keyed<ApiModel>('POST', models, 'create-1', { json: aModel });
    expect(first.status).toBe(201);
    expectReplay(await keyed('POST', models, 'create-1', { json: { language: 'en', name: 'Heart clinic' } }), first);
    expect(await countModels()).toBe(before + 1);
  });

  it('when it changes a model, though the model has changed since', async () => {
    const { id } = await api.createModel();
    const path = `${models}/${String(id)}`;
    const first = await keyed('POST', path, 'update-1', { json: { name: 'one' } });
    await api.call('POST', path, { json: { name: 'two' } });
    expectReplay(await keyed('POST', path, 'update-1', { json: { name: 'one' } }), first);
    expect((await api.getModel(id)).name).toBe('two');
  });

  it('when it starts a run, though the model is busy with it', async () => {
    const id = await trainableModel(api);
    const path = `${models}/${String(id)}/run`;
    const first = await keyed<ApiModel>('POST', path, 'run-1', { json: {} });
    expect(first.body.training_status).toBe(3);
    expectReplay(await keyed('POST', path, 'run-1', { json: {} }), first);
    expect(await api.database.query('system', 'SELECT 1 FROM run WHERE model_id = $1', [id])).toHaveLength(1);
    await eventually(() =>
      expect(api.sent('models.run-requested.v2').filter(({ data }) => data.model_id === id)).toHaveLength(1),
    );
  });

  it('when it cancels a run: a run that was started since goes on', async () => {
    const id = await runningModel(api);
    const path = `${models}/${String(id)}/cancel`;
    const first = await keyed<ApiModel>('POST', path, 'cancel-1', { json: {} });
    expect(first.body.stage).toBe('cancelling');
    await api.cancelRun(id);
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(2));
    await api.call('POST', `${models}/${String(id)}/run`, { json: {} });
    expectReplay(await keyed('POST', path, 'cancel-1', { json: {} }), first);
    expect(await api.getModel(id)).toMatchObject({ training_status: 3, stage: 'queued' });
  });

  it('when it activates a version, though another one serves by now', async () => {
    const id = await trainableModel(api);
    await trainAgain(api, id);
    await trainAgain(api, id);
    const activate = (number: number) => `${models}/${String(id)}/versions/${String(number)}/activate`;
    const first = await keyed('POST', activate(1), 'activate-1', { json: {} });
    await api.call('POST', activate(2), { json: {} });
    expectReplay(await keyed('POST', activate(1), 'activate-1', { json: {} }), first);
    const { body } = await api.call<{ result: { number: number; active: boolean }[] }>(
      'GET',
      `${models}/${String(id)}/versions`,
    );
    expect(body.result.map(({ number, active }) => [number, active])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('when it uploads a pair, whatever boundary the second try has', async () => {
    const { id } = await api.createModel();
    const path = `${models}/${String(id)}/data`;
    const sending = keyed<UploadReceipt>('PUT', path, 'upload-1', { body: uploadForm(pair) });
    await acceptItem(api, await nextUpload(api, id));
    const first = await sending;
    expect(first.body.item_status).toBe('ok');
    expectReplay(await keyed('PUT', path, 'upload-1', { body: uploadForm(pair) }), first);
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toHaveLength(1);
    expect((await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/`))).toHaveLength(2);
  });

  it('when it transcribes, without a second transcription', async () => {
    const body = { json: { model: 'general', audio_file: 'AAAA' } };
    const first = await keyed('POST', '/api/v3/stt', 'stt-1', body);
    expect(first.text).toBe('{"text":"hello"}');
    expectReplay(await keyed('POST', '/api/v3/stt', 'stt-1', body), first);
    expect(stt.seen).toHaveLength(1);
  });

  it('but a transcript too long to keep is made again', async () => {
    const long = JSON.stringify({ text: 'word '.repeat(100_000) });
    stt.answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(long);
    const before = stt.seen.length;
    for (const _ of [1, 2]) {
      const answer = await keyed('POST', '/api/v3/stt', 'stt-long', { json: { model: 'general', audio_file: 'AA' } });
      expect(answer.text).toBe(long);
      expect(answer.headers.get('idempotent-replayed')).toBeNull();
    }
    expect(stt.seen).toHaveLength(before + 2);
  });
});

describe('an Idempotency-Key', () => {
  it('of another organization, or on another route, is another key', async () => {
    const other = await api.addTenant();
    const mine = await keyed<ApiModel>('POST', models, 'shared', { json: aModel });
    const theirs = await keyed<ApiModel>('POST', models, 'shared', { json: aModel, key: other.key });
    const [first, second] = [mine.body.id, (await api.createModel()).id];
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(first);
    for (const id of [first, second]) {
      const answer = await keyed<ApiModel>('POST', `${models}/${String(id)}`, 'shared', { json: { name: 'n' } });
      expect([answer.status, answer.body.id]).toEqual([200, id]);
    }
  });

  it('is free again when the request was refused: a refusal did nothing', async () => {
    const { id } = await api.createModel();
    const path = `${models}/${String(id)}/run`;
    expect((await keyed('POST', path, 'early', { json: {} })).status).toBe(409);
    expect((await keyed('POST', models, 'early', { json: { name: '' } })).status).toBe(400);
    expect((await keyed('POST', models, 'early', { json: aModel })).status).toBe(201);
  });

  it('is free again when ingestion refused the upload', async () => {
    const { id } = await api.createModel();
    const path = `${models}/${String(id)}/data`;
    const refused = keyed('PUT', path, 'refused', { body: uploadForm({ audio: 'noise' }) });
    const uploaded = await nextUpload(api, id);
    await api.publish(api.tenant.organizationId, 'ingestion.data-rejected.v1', {
      organization_id: uploaded.organization_id,
      model_id: id,
      item_id: uploaded.item_id,
      code: 'UNSUPPORTED_AUDIO_FORMAT',
      message: 'This is not audio',
      issues: [],
    });
    expect((await refused).status).toBe(400);
    const sending = keyed<UploadReceipt>('PUT', path, 'refused', { body: uploadForm(pair) });
    await acceptItem(api, await nextUpload(api, id, new Set([uploaded.item_id])));
    expect((await sending).body.item_status).toBe('ok');
  });

  it('does its work anew after 24 hours, and its row is swept away', async () => {
    const first = await keyed<ApiModel>('POST', models, 'old', { json: aModel });
    const [row] = await api.database.query<{ hours: number }>(
      'system',
      `SELECT extract(epoch FROM max(expires_at) - now())::float8 / 3600 AS hours FROM idempotency_key`,
    );
    expect(row?.hours).toBeGreaterThan(23.9);
    await api.database.runInTransaction('system', (tx) => tx.execute('UPDATE idempotency_key SET expires_at = now()'));
    const second = await keyed<ApiModel>('POST', models, 'old', { json: { ...aModel, name: 'other' } });
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    await api.app.get(IdempotencyService).sweep(new AbortController().signal);
    // The service's own sweep may be in the middle of it.
    await eventually(async () =>
      expect(await api.database.query('system', 'SELECT 1 FROM idempotency_key')).toHaveLength(1),
    );
  });

  it('keeps no answer that a copy of the database could be read for', async () => {
    await keyed('POST', models, 'sealed', { json: { ...aModel, name: 'a name to look for' } });
    const rows = await api.database.query<{ answer: Buffer }>('system', 'SELECT answer FROM idempotency_key');
    expect(Buffer.concat(rows.map(({ answer }) => answer)).toString('latin1')).not.toContain('a name to look for');
  });
});

describe('what goes wrong on the way', () => {
  it('an upload whose connection breaks leaves its key free', async () => {
    const { id } = await api.createModel();
    const { port, hostname } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT ${models}/${String(id)}/data HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tenant.key}\r\n` +
        'idempotency-key: broken\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\n',
    );
    await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toHaveLength(1));
    socket.destroy();
    await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toHaveLength(0));
    const sending = eventually(async () => {
      const answer = await keyed<UploadReceipt>('PUT', `${models}/${String(id)}/data`, 'broken', {
        body: uploadForm(pair),
      });
      if (answer.status === 409) throw new Error('not yet');
      return answer;
    });
    await acceptItem(api, await nextUpload(api, id));
    expect((await sending).status).toBe(200);
  });
});
