import { Readable } from 'node:stream';
import { eventually } from '@attune/testing';
import { baseDecodesKey, customDecodesKey, type EpochPlace } from '@attune/storage';
import type { ModelId } from '@attune/kernel';
import { DataErasureService } from '../../data-items/data-erasure.service';
import { TestApi } from '../../test-support/test-api';
import { dataPath, storedItem, uploadForm, putData, nextUpload, rejectItem } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const signal = new AbortController().signal;
const remove = (id: number, dataId: string) => api.call('DELETE', dataPath(id, dataId));
const run = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

describe('DELETE /api/v3/custom_models/{id}/data/{data_id} answers 204', () => {
  it('and the item is gone: row, objects, counts, and the model’s readiness with its last training pair', async () => {
    const { id } = await api.createModel();
    const kept = await storedItem(api, id, { type: 'test' });
    const { data_id } = await storedItem(api, id);
    const answer = await remove(id, data_id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await api.storedKeys()).filter((key) => key.includes(data_id))).toEqual([]);
    expect(await api.database.query('system', 'SELECT id FROM data_item WHERE model_id = $1', [id])).toEqual([
      { id: kept.data_id },
    ]);
    expect((await api.getModel(id)).training_status).toBe(1);
    const summary = await api.call('GET', `${dataPath(id)}/summary`);
    expect(summary.body).toMatchObject({ train: { ready: 0, audio_ms: 0 }, test: { ready: 1 } });
    expect((await remove(id, data_id)).status).toBe(404);
  });

  it('and every service is told to erase what it holds of it', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id);
    await remove(id, data_id);
    await eventually(() => {
      expect(api.sent('models.data-deleted.v1').map(({ data }) => data)).toContainEqual({
        organization_id: api.tenant.organizationId,
        model_id: id,
        item_id: data_id,
      });
    });
  });

  it('for a refused item, and the same pair may come again', async () => {
    const { id } = await api.createModel();
    const pair = { audio: 'once more', transcript: 'once more' };
    const sending = putData(api, id, uploadForm(pair));
    const uploaded = await nextUpload(api, id);
    await sending;
    await rejectItem(api, uploaded);
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(1));
    expect((await remove(id, uploaded.item_id)).status).toBe(204);
    const { data_id } = await storedItem(api, id, pair);
    await remove(id, data_id);
    expect(await storedItem(api, id, pair)).toMatchObject({ duplicate: false });
  });

  it('and what finished runs wrote down of it is gone too: its lines of their decodes, and no other’s', async () => {
    const { id } = await api.createModel();
    const gone = await storedItem(api, id);
    const kept = await storedItem(api, id);
    expect((await run(id)).status).toBe(200);
    const last = await api.lastRun(id);
    const place: EpochPlace = {
      organizationId: last.organizationId,
      modelId: id as ModelId,
      runId: last.id,
      epoch: 1,
    };
    const line = (itemId: string, reference: string) =>
      `${JSON.stringify({ item_id: itemId, reference, hypothesis: reference })}\n`;
    const decodes = line(gone.data_id, 'the secret elefantenwort') + line(kept.data_id, 'stays');
    for (const key of [baseDecodesKey(place), customDecodesKey(place)]) {
      await api.store.put(key, Readable.from([decodes]));
    }
    await api.succeedRun(id);
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(4));
    expect((await remove(id, gone.data_id)).status).toBe(204);
    for (const key of [baseDecodesKey(place), customDecodesKey(place)]) {
      const chunks: Buffer[] = [];
      for await (const chunk of await api.store.get(key)) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe(line(kept.data_id, 'stays'));
    }
    const summary = await api.call('GET', `${dataPath(id)}/summary`);
    expect(summary.body).toMatchObject({ versions_on_deleted_data: [{ version: 1, run_id: last.id, items: 1 }] });
    expect(
      await api.database.query('system', 'SELECT item_id FROM run_item WHERE run_id = $1 AND gone_at IS NOT NULL', [
        last.id,
      ]),
    ).toEqual([{ item_id: gone.data_id }]);
  });

  it('while the store is away, and the bytes are gone once it is back', async () => {
    const { id } = await api.createModel();
    const { data_id } = await storedItem(api, id);
    const erasure = api.app.get(DataErasureService);
    const store = (erasure as unknown as { store: { deletePrefix: (prefix: string) => Promise<number> } }).store;
    const away = jest.spyOn(store, 'deletePrefix').mockRejectedValue(new Error('the store is away'));
    expect((await remove(id, data_id)).status).toBe(204);
    expect((await api.storedKeys()).filter((key) => key.includes(data_id))).toHaveLength(2);
    away.mockRestore();
    expect(await erasure.continueErasures(0, signal)).toBe(1);
    expect((await api.storedKeys()).filter((key) => key.includes(data_id))).toEqual([]);
    expect(await api.database.query('system', 'SELECT 1 FROM data_erasure')).toEqual([]);
  });
});
