import type { ApiModel, UploadReceipt } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { startApiProcess } from '../../test-support/api-process';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, trainableModel, uploadForm } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const models = '/api/v3/custom_models';
/** The recording of a form is another one each time unless a test says which. */
const pair = { audio: 'RIFF....WAVE the same' };

/** Sends the request to a process of its own, and kills that while it waits for the table with everything else done. */
async function killWaitingFor(table: string, path: string, key: string, json: object): Promise<void> {
  const victim = await startApiProcess(api);
  await api.database.runInTransaction('system', async (tx) => {
    // Readers pass, writers wait.
    await tx.execute(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    const lost = api.call('POST', `${victim.url}${path}`, { json, headers: { 'idempotency-key': key } });
    lost.catch(() => undefined);
    await eventually(async () => {
      // The sweeps of both processes wait for the table, too: only an insertion is the request's. Not
      // in this transaction, for which the activity of others stands still.
      const waiting = await api.database.query(
        'system',
        `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE NOT granted AND relation = '${table}'::regclass AND query LIKE '%INSERT INTO ${table} %'`,
      );
      expect(waiting).toHaveLength(1);
    });
    await victim.end('SIGKILL');
    await expect(lost).rejects.toThrow();
  });
}

describe('a request whose process was killed with SIGKILL is completed by its retry', () => {
  it('a creation, killed with the model inserted and not committed: one model', async () => {
    const json = { name: 'killed', language: 'en' };
    await killWaitingFor('idempotency_key', models, 'c', json);
    const retry = await eventually(async () => {
      const answer = await api.call<ApiModel>('POST', models, { json, headers: { 'idempotency-key': 'c' } });
      expect(answer.status).toBe(201);
      return answer;
    });
    const rows = await api.database.query<{ id: number }>('system', `SELECT id FROM model WHERE name = 'killed'`);
    expect(rows.map(({ id }) => id)).toEqual([retry.body.id]);
  });

  it('a start of training, killed with everything written and not committed: one run', async () => {
    const id = await trainableModel(api);
    const path = `${models}/${String(id)}/run`;
    await killWaitingFor('outbox', path, 'r', {});
    const retry = await eventually(async () => {
      const answer = await api.call<ApiModel>('POST', path, { json: {}, headers: { 'idempotency-key': 'r' } });
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(retry.body.training_status).toBe(3);
    expect(await api.database.query('system', 'SELECT 1 FROM run WHERE model_id = $1', [id])).toHaveLength(1);
    await eventually(() =>
      expect(api.sent('models.run-requested.v2').filter(({ data }) => data.model_id === id)).toHaveLength(1),
    );
  });

  it('an upload, killed when its pair was stored and its answer was not given: one item, judged once', async () => {
    const { id } = await api.createModel();
    const path = `${models}/${String(id)}/data`;
    const victim = await startApiProcess(api);
    const headers = { 'idempotency-key': 'u' };
    const lost = api.call('PUT', `${victim.url}${path}`, { body: uploadForm(pair), headers });
    lost.catch(() => undefined);
    const uploaded = await nextUpload(api, id);
    await victim.end('SIGKILL');
    await expect(lost).rejects.toThrow();
    await acceptItem(api, uploaded);
    const retry = await eventually(async () => {
      const answer = await api.call<UploadReceipt>('PUT', path, { body: uploadForm(pair), headers });
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(retry.body).toMatchObject({ data_id: uploaded.item_id, item_status: 'ok', duplicate: false });
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toHaveLength(1);
    const again = await api.call<UploadReceipt>('PUT', path, { body: uploadForm(pair), headers });
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([retry.text, 'true']);
  });
});
