import type { ApiDataItem } from '@attune/contracts';
import { eventually } from '@attune/testing';
import type { ItemId, ModelId } from '@attune/kernel';
import { transcriptKey } from '@attune/storage';
import { DataErasureRepository } from '../../data-items/data-erasure.repository';
import { DataErasureService } from '../../data-items/data-erasure.service';
import { TestApi } from '../../test-support/test-api';
import { dataPath, storedItem } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const signal = new AbortController().signal;
const replace = (id: number, dataId: string, text: string) =>
  api.call<ApiDataItem>('PUT', `${dataPath(id, dataId)}/transcript`, {
    body: text,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
const read = async (id: number, dataId: string) =>
  (await api.call<string>('GET', `${dataPath(id, dataId)}/transcript`)).text;

async function storeContains(needle: string): Promise<boolean> {
  for (const key of await api.storedKeys()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await api.store.get(key)) chunks.push(chunk as Buffer);
    if (Buffer.concat(chunks).includes(needle)) return true;
  }
  return false;
}

describe('PUT /api/v3/custom_models/{id}/data/{data_id}/transcript answers 200', () => {
  it('and the new text is the item’s; the old one is gone from the store', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, { transcript: 'the old zebrawort' }, { audioMs: 10_000 });
    const answer = await replace(id, data_id, ' the new\r\nwords ');
    expect(answer).toMatchObject({ status: 200, body: { data_id, item_status: 'ok', issues: [] } });
    expect(await read(id, data_id)).toBe('the new\nwords');
    expect(await storeContains('zebrawort')).toBe(false);
    expect(await api.database.query('system', 'SELECT 1 FROM data_erasure')).toEqual([]);
  });

  it('as a form too, and then the file’s name is the item’s', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, {}, { audioMs: 10_000 });
    const form = new FormData();
    form.append('transcript_file', new Blob(['better words']), '../corrected.txt');
    const answer = await api.call<ApiDataItem>('PUT', `${dataPath(id, data_id)}/transcript`, { body: form });
    expect(answer).toMatchObject({ status: 200, body: { transcript_filename: 'corrected.txt' } });
    expect(await read(id, data_id)).toBe('better words');
  });

  it('with the issues of the pair as it is now', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, {}, { audioMs: 90_000 });
    const few = await replace(id, data_id, Array.from({ length: 20 }, () => 'word').join(' '));
    expect(few.body).toMatchObject({
      item_status: 'warning',
      issues: [{ code: 'TRANSCRIPT_TOO_SHORT_FOR_AUDIO', severity: 'warning' }],
    });
    const enough = await replace(id, data_id, Array.from({ length: 180 }, () => 'word').join(' '));
    expect(enough.body).toMatchObject({ item_status: 'ok', issues: [] });
  });

  it('and a run asked for afterwards has the new text in its snapshot', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id);
    await replace(id, data_id, Array.from({ length: 100 }, () => 'new').join(' '));
    expect((await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} })).status).toBe(200);
    const [row] = await api.database.query<{ key: string; sha: string }>(
      'system',
      'SELECT transcript_key AS key, transcript_sha256 AS sha FROM data_item WHERE id = $1',
      [data_id],
    );
    const snapshot = await textOf((await api.lastRun(id)).snapshotKey);
    expect(JSON.parse(snapshot)).toMatchObject({ transcript_key: row?.key, transcript_sha256: row?.sha });
    expect(row?.key).toContain(`/data/${data_id}/transcripts/`);
  });

  it('during a run without disturbing it: its text stays until the run has ended, and not longer', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, { transcript: 'the run reads giraffenwort' });
    await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });
    const other = Array.from({ length: 100 }, () => 'else').join(' ');
    expect((await replace(id, data_id, other)).status).toBe(200);
    const { transcript_key } = JSON.parse(await textOf((await api.lastRun(id)).snapshotKey)) as {
      transcript_key: string;
    };
    expect(await textOf(transcript_key)).toBe('the run reads giraffenwort');
    const erasure = api.app.get(DataErasureService);
    expect(await erasure.continueErasures(0, signal)).toBe(0);
    await api.failRun(id, 'no');
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(5));
    expect(await erasure.continueErasures(0, signal)).toBe(1);
    expect(await storeContains('giraffenwort')).toBe(false);
    expect(await read(id, data_id)).toBe(other);
  });
});

describe('the text of before', () => {
  const run = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

  it('stays for a run that came first, though the replacement had begun before it', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id, { transcript: 'the run reads tapirwort' });
    const place = {
      organizationId: api.tenant.organizationId,
      modelId: id as ModelId,
      itemId: data_id as ItemId,
    };
    const key = transcriptKey(place);
    const erasure = await api.database.runInTransaction(place, async (tx) => {
      await tx.query('SELECT 1');
      expect((await run(id)).status).toBe(200);
      return api.app.get(DataErasureRepository).insert(tx, place, key);
    });
    expect(await api.app.get(DataErasureService).attempt(erasure)).toBe(false);
    expect(await textOf(key)).toBe('the run reads tapirwort');
    await api.failRun(id, 'no');
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(5));
    expect(await api.app.get(DataErasureService).continueErasures(0, signal)).toBe(1);
    expect(await api.store.exists(key)).toBe(false);
  });

  it('goes also while a hundred others wait for their run, or fail', async () => {
    const { id } = await api.createModel();
    await storedItem(api, id, { transcript: 'the words' });
    const held = await storedItem(api, id, { transcript: 'the other words' });
    await run(id);
    const scope = [api.tenant.organizationId, id];
    await api.database.query(
      'system',
      `INSERT INTO data_erasure (id, organization_id, model_id, item_id, transcript_key, requested_at, tried_at)
       SELECT gen_random_uuid(), $1, $2, $3, 'o/waits', now(), now() - interval '2 hours' FROM generate_series(1, 150)`,
      [...scope, held.data_id],
    );
    await api.database.query(
      'system',
      `INSERT INTO data_erasure (id, organization_id, model_id, item_id, transcript_key, requested_at, tried_at)
       SELECT gen_random_uuid(), $1, $2, gen_random_uuid(), '../no/key', now(), now() - interval '1 hour'
         FROM generate_series(1, 100)`,
      scope,
    );
    const other = await api.createModel();
    const { data_id } = await storedItem(api, other.id, { transcript: 'nobody waits for okapiwort' });
    await api.database.query(
      'system',
      `INSERT INTO data_erasure (id, organization_id, model_id, item_id, requested_at, tried_at)
       VALUES (gen_random_uuid(), $1, $2, $3, now(), now() - interval '1 minute')`,
      [api.tenant.organizationId, other.id, data_id],
    );
    const erasure = api.app.get(DataErasureService);
    for (let pass = 0; pass < 2; pass++) await erasure.continueErasures(50, signal);
    await eventually(async () => expect(await storeContains('okapiwort')).toBe(false));
    await api.database.query('system', 'DELETE FROM data_erasure');
  });
});

async function textOf(key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await api.store.get(key)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
