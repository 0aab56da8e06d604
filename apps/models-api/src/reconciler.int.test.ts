import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { newId, type ItemId, type ModelId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { uploadAudioKey } from '@attune/storage';
import { DataItemsService } from './data-items/data-items.service';
import { UploadsService } from './data-items/uploads.service';
import { ModelsReconciler } from './reconciler';
import { acceptItem, nextUpload, putData } from './test-support/uploading';
import { TestApi } from './test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const signal = new AbortController().signal;

/** What a process leaves that died in the middle of an upload. */
async function abandonedUpload(modelId: number, age: string): Promise<string> {
  const { organizationId } = api.tenant;
  const place = { organizationId, modelId: modelId as ModelId, itemId: newId<ItemId>() };
  const key = uploadAudioKey(place);
  // Before the row: the service's own reconciler may come as soon as it stands.
  await api.store.put(key, Readable.from(['half a recording']));
  await api.database.query(
    'system',
    `INSERT INTO upload (item_id, organization_id, model_id, touched_at) VALUES ($1, $2, $3, now() - interval '${age}')`,
    [place.itemId, organizationId, modelId],
  );
  return key;
}

describe('the reconciler', () => {
  it('removes what a crashed upload left an hour ago, and nothing of one that is still coming in', async () => {
    const { id } = await api.createModel();
    const old = await abandonedUpload(id, '61 minutes');
    const recent = await abandonedUpload(id, '59 minutes');
    await api.app.get(ModelsReconciler).pass(signal);
    // The service's own pass may be in the middle of it.
    await eventually(async () => {
      expect(await api.store.exists(old)).toBe(false);
      expect(await api.database.query('system', 'SELECT 1 FROM upload WHERE model_id = $1', [id])).toHaveLength(1);
    });
    expect(await api.store.exists(recent)).toBe(true);
    expect(await api.app.get(UploadsService).sweepAbandoned(0, signal)).toBe(1);
  });

  it('removes what a process that died left of a half-written object, once that is a day old', async () => {
    const { id } = await api.createModel();
    const folder = join(api.storeDirectory, 'o', api.tenant.organizationId, 'm', String(id));
    await mkdir(folder, { recursive: true });
    const [old, recent] = [join(folder, `.${randomUUID()}.part`), join(folder, `.${randomUUID()}.part`)];
    await Promise.all([writeFile(old, 'half'), writeFile(recent, 'half')]);
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    await utimes(old, yesterday, yesterday);
    // Whoever starts looks at once, then every hour.
    await api.addReplica();
    await eventually(async () => expect(await readdir(folder)).toEqual([basename(recent)]));
    await rm(recent);
  });

  it('asks ingestion again about an item without a verdict, in case its answer was lost, and stops when the verdict is there', async () => {
    const { id } = await api.createModel();
    const sending = putData(api, id);
    const uploaded = await nextUpload(api, id);
    const sentOf = () => api.sent('models.data-uploaded.v1').filter(({ data }) => data.item_id === uploaded.item_id);
    await api.app.get(DataItemsService).announceOverdue(60);
    expect(sentOf()).toHaveLength(1);
    await api.app.get(DataItemsService).announceOverdue(0);
    await eventually(() => expect(sentOf()).toHaveLength(2));
    expect(new Set(sentOf().map((event) => event.id)).size).toBe(2);
    await acceptItem(api, uploaded);
    await sending;
    expect(await api.app.get(DataItemsService).announceOverdue(0)).toBe(0);
  });

  it('finishes an erasure that every other service has answered, beside its other tasks', async () => {
    const { id } = await api.createModel();
    await api.database.query('system', `UPDATE model SET deleted_at = now() WHERE id = $1`, [id]);
    await api.database.query(
      'system',
      `INSERT INTO erasure_step (model_id, organization_id, service) VALUES ($1, $2, 'models')`,
      [id, api.tenant.organizationId],
    );
    const old = await abandonedUpload((await api.createModel()).id, '2 hours');
    await api.app.get(ModelsReconciler).pass(signal);
    await eventually(async () => {
      expect(await api.store.exists(old)).toBe(false);
      const done = await api.database.query(
        'system',
        'SELECT 1 FROM erasure_step WHERE model_id = $1 AND done_at IS NOT NULL',
        [id],
      );
      expect(done).toHaveLength(1);
    });
  });
});
