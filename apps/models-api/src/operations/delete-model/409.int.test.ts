import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { runningModel, trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const remove = (id: number) => api.call('DELETE', `/api/v3/custom_models/${String(id)}`);
const run = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

describe('DELETE /api/v3/custom_models/{id} answers 409 MODEL_BUSY', () => {
  it('while a run is live, and not after it', async () => {
    const id = await runningModel(api);
    const refused = await remove(id);
    expect([refused.status, refused.body.error_code]).toEqual([409, 'MODEL_BUSY']);
    await api.failRun(id, 'no');
    await eventually(async () => expect((await remove(id)).status).toBe(204));
  });

  it('or wins against a run: of both at once, exactly one happens', async () => {
    for (let round = 0; round < 8; round++) {
      const id = await trainableModel(api);
      const [deleted, started] = await Promise.all([remove(id), run(id)]);
      const outcomes = [deleted.status, started.status];
      expect([
        [204, 404],
        [409, 200],
      ]).toContainEqual(outcomes);
    }
  });

  it('after a run that held the model first, however long its transaction takes', async () => {
    const id = await trainableModel(api);
    let deletion: ReturnType<typeof remove> | undefined;
    await api.database.runInTransaction('system', async (tx) => {
      await tx.query('SELECT 1 FROM model WHERE id = $1 FOR UPDATE', [id]);
      deletion = remove(id);
      const early = await Promise.race([deletion, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))]);
      expect(early).toBe('waits');
      await tx.execute(
        `INSERT INTO run (id, organization_id, model_id, snapshot_key, snapshot_sha256, base_model, base_digest, language, training_ms)
         SELECT gen_random_uuid(), organization_id, id, 'k', 's', base_model, (SELECT digest FROM base LIMIT 1), 'en', 1 FROM model WHERE id = $1`,
        [id],
      );
    });
    expect((await deletion)?.status).toBe(409);
  });
});
