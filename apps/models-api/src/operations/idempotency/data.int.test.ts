import type { ApiArchive, ApiDataItem, ApiModel, UploadReceipt } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { archiveForm, readArchive, zipOf } from '../../test-support/archiving';
import { TestApi, type Answer, type CallOptions } from '../../test-support/test-api';
import { acceptItem, dataPath, nextUpload, storedItem, trainableModel, uploadForm } from '../../test-support/uploading';

let api: TestApi;
let archive: Buffer;
beforeAll(async () => {
  api = await TestApi.start();
  archive = await zipOf({ 'train/a.mp3': 'audio', 'train/a.txt': 'words' });
});
afterAll(() => api.stop());

const TUS = { 'tus-resumable': '1.0.0' };
const pair = { audio: 'RIFF....WAVE the same' };

const keyed = <T>(method: string, path: string, key: string, options: CallOptions = {}): Promise<Answer<T>> =>
  api.call<T>(method, path, { ...options, headers: { ...options.headers, 'idempotency-key': key } });
const count = async (table: string, where = 'true'): Promise<number> =>
  (await api.database.query('system', `SELECT 1 FROM ${table} WHERE ${where}`)).length;

/** As if the process had died when the effect was committed: what was written after it is not there. */
async function forgetAnswers(): Promise<void> {
  await api.database.runInTransaction('system', async (tx) => {
    await tx.execute(`DELETE FROM idempotency_key WHERE resource IS NULL`);
    await tx.execute(`UPDATE idempotency_key SET answer = NULL`);
  });
}

/** The same status, body and headers of its own, and said to be a repetition. */
function expectReplay(again: Answer<unknown>, first: Answer<unknown>): void {
  expect([again.status, again.text]).toEqual([first.status, first.text]);
  for (const name of ['content-type', 'location', 'upload-expires', 'tus-resumable'])
    expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
  expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
}

/** A complete resumable upload. */
async function uploaded(content: Buffer, filename: string): Promise<string> {
  const created = await api.call('POST', '/api/v3/uploads', {
    headers: {
      ...TUS,
      'upload-length': String(content.length),
      'upload-metadata': `filename ${Buffer.from(filename).toString('base64')}`,
    },
  });
  const location = created.headers.get('location') ?? '';
  const answer = await api.call('PATCH', location, {
    body: content,
    headers: { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
  });
  expect(answer.status).toBe(204);
  return location.replace(/^.*\//, '');
}

const textForm = (text: string): FormData => {
  const form = new FormData();
  form.append('transcript_file', new Blob([text]), 'corrected.txt');
  return form;
};

describe('a request with a known Idempotency-Key is answered again and does nothing', () => {
  it('when it moves an item, though the item was moved back since', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id);
    const path = dataPath(id, data_id);
    const first = await keyed<ApiDataItem>('POST', path, 'move-1', { json: { type: 'test' } });
    expect(first.body.type).toBe('test');
    await api.call('POST', path, { json: { type: 'train' } });
    expectReplay(await keyed('POST', path, 'move-1', { json: { type: 'test' } }), first);
    expect((await api.call<ApiDataItem>('GET', path)).body.type).toBe('train');
  });

  it('when it replaces a transcript, though the text is another one by now', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, {}, { audioMs: 10_000 });
    const path = `${dataPath(id, data_id)}/transcript`;
    const first = await keyed<ApiDataItem>('PUT', path, 'text-1', { body: textForm('the first words') });
    expect(first.body.transcript_filename).toBe('corrected.txt');
    await api.call('PUT', path, { body: textForm('the second words') });
    expectReplay(await keyed('PUT', path, 'text-1', { body: textForm('the first words') }), first);
    expect((await api.call<string>('GET', path)).text).toBe('the second words');
  });

  it('when it sends an archive, whatever boundary the second try has', async () => {
    const { id } = await api.createModel();
    const path = `${dataPath(id)}/archives`;
    const first = await keyed<ApiArchive>('POST', path, 'archive-1', { body: archiveForm(archive) });
    expect(first.status).toBe(202);
    expectReplay(await keyed('POST', path, 'archive-1', { body: archiveForm(archive) }), first);
    expect(await count('archive', `model_id = ${String(id)}`)).toBe(1);
  });

  it('when it makes a pair or an archive of uploads, which are gone by then', async () => {
    const { id } = await api.createModel();
    const json = { type: 'train', audio_upload_id: await uploaded(Buffer.from('RIFF'), 'a.mp3'), transcript: 'words' };
    const binding = keyed<UploadReceipt>('POST', `${dataPath(id)}/from_uploads`, 'bind-1', { json });
    await acceptItem(api, await nextUpload(api, id));
    const first = await binding;
    expect(first).toMatchObject({ status: 200, body: { item_status: 'ok' } });
    expectReplay(await keyed('POST', `${dataPath(id)}/from_uploads`, 'bind-1', { json }), first);
    const ofArchive = { json: { upload_id: await uploaded(archive, 'letters.zip') } };
    const bound = await keyed('POST', `${dataPath(id)}/archives/from_upload`, 'bind-2', ofArchive);
    expect(bound.status).toBe(202);
    expectReplay(await keyed('POST', `${dataPath(id)}/archives/from_upload`, 'bind-2', ofArchive), bound);
    expect(await count('archive', `model_id = ${String(id)}`)).toBe(1);
  });

  it('when it begins a resumable upload: the same address, one upload', async () => {
    const begin = (length: string, filename: string) =>
      keyed('POST', '/api/v3/uploads', 'upload-1', {
        headers: { ...TUS, 'upload-length': length, 'upload-metadata': `filename ${filename}` },
      });
    const before = await count('resumable_upload');
    const first = await begin('10', 'YQ==');
    expect([first.status, first.headers.get('location')]).toEqual([201, expect.stringContaining('/api/v3/uploads/')]);
    expectReplay(await begin('10', 'YQ=='), first);
    for (const other of [await begin('11', 'YQ=='), await begin('10', 'Yg==')])
      expect([other.status, other.body]).toEqual([
        422,
        expect.objectContaining({ error_code: 'IDEMPOTENCY_KEY_REUSED' }),
      ]);
    expect(await count('resumable_upload')).toBe(before + 1);
  });
});

describe('a request that was carried out and whose answer was never kept is answered by its retry, and not carried out again', () => {
  it('an archive', async () => {
    const { id } = await api.createModel();
    const path = `${dataPath(id)}/archives`;
    const first = await keyed<ApiArchive>('POST', path, 'archive-2', { body: archiveForm(archive) });
    await forgetAnswers();
    const retry = await keyed<ApiArchive>('POST', path, 'archive-2', { body: archiveForm(archive) });
    expect([retry.status, retry.body.archive_id]).toEqual([202, first.body.archive_id]);
    expect(retry.headers.get('idempotent-replayed')).toBeNull();
    expect(await count('archive', `model_id = ${String(id)}`)).toBe(1);
    await eventually(async () => expect((await readArchive(api, id, first.body.archive_id)).status).toBe('done'));
    expectReplay(await keyed('POST', path, 'archive-2', { body: archiveForm(archive) }), retry);
  });

  it('an archive and a pair that were made of uploads', async () => {
    const { id } = await api.createModel();
    const ofArchive = { json: { upload_id: await uploaded(archive, 'letters.zip') } };
    const bound = await keyed<ApiArchive>('POST', `${dataPath(id)}/archives/from_upload`, 'bind-3', ofArchive);
    const json = { type: 'train', audio_upload_id: await uploaded(Buffer.from('RIFX'), 'a.mp3'), transcript: 'words' };
    const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
    const binding = keyed<UploadReceipt>('POST', `${dataPath(id)}/from_uploads`, 'bind-4', { json });
    const event = await eventually(() => {
      const found = api
        .sent('models.data-uploaded.v1')
        .find(({ data }) => !known.has(data.item_id) && data.audio_bytes === 4);
      if (!found) throw new Error('not yet');
      return found.data;
    });
    await acceptItem(api, event);
    const first = await binding;
    await forgetAnswers();
    const again = await keyed<ApiArchive>('POST', `${dataPath(id)}/archives/from_upload`, 'bind-3', ofArchive);
    expect([again.status, again.body.archive_id]).toEqual([202, bound.body.archive_id]);
    const pairAgain = await keyed<UploadReceipt>('POST', `${dataPath(id)}/from_uploads`, 'bind-4', { json });
    expect([pairAgain.status, pairAgain.body]).toEqual([200, first.body]);
    expect(await count('archive', `model_id = ${String(id)}`)).toBe(1);
  });

  it('a transcript: the text that came after it stays', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, {}, { audioMs: 10_000 });
    const path = `${dataPath(id, data_id)}/transcript`;
    await keyed('PUT', path, 'text-2', { body: textForm('the first words') });
    await forgetAnswers();
    await api.call('PUT', path, { body: textForm('the second words') });
    const retry = await keyed<ApiDataItem>('PUT', path, 'text-2', { body: textForm('the first words') });
    expect([retry.status, retry.body.data_id]).toEqual([200, data_id]);
    expect((await api.call<string>('GET', path)).text).toBe('the second words');
    const other = await keyed('PUT', path, 'text-2', { body: textForm('the third words') });
    expect(other.status).toBe(422);
  });

  it('a start of training: one run, one hold', async () => {
    const id = await trainableModel(api);
    const path = `/api/v3/custom_models/${String(id)}/run`;
    const first = await keyed<ApiModel>('POST', path, 'run-1', { json: {} });
    await forgetAnswers();
    const retry = await keyed<ApiModel>('POST', path, 'run-1', { json: {} });
    expect([retry.status, retry.body]).toEqual([200, first.body]);
    expect(await count('run', `model_id = ${String(id)}`)).toBe(1);
    expect(api.billing.holds.filter(({ model_id }) => model_id === id)).toHaveLength(1);
    const other = await keyed('POST', path, 'run-1', { json: { max_cost: 1 } });
    expect(other.status).toBe(422);
    expectReplay(await keyed('POST', path, 'run-1', { json: {} }), retry);
  });

  it('a pair, unless it has been deleted since: 404 DATA_NOT_FOUND', async () => {
    const { id } = await api.createModel();
    const sending = keyed<UploadReceipt>('PUT', dataPath(id), 'deleted', { body: uploadForm(pair) });
    await acceptItem(api, await nextUpload(api, id));
    const { body } = await sending;
    await forgetAnswers();
    expect((await api.call('DELETE', dataPath(id, body.data_id))).status).toBe(204);
    const retry = await keyed<{ error_code: string }>('PUT', dataPath(id), 'deleted', { body: uploadForm(pair) });
    expect([retry.status, retry.body.error_code]).toEqual([404, 'DATA_NOT_FOUND']);
    expect(await count('data_item', `model_id = ${String(id)}`)).toBe(0);
  });
});
