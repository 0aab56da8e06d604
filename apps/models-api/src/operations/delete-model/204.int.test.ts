import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { putData, runningModel, streamedForm, uploadAccepted } from '../../test-support/uploading';
import { withoutReconciler } from '../../test-support/without-reconciler';
import { ModelErasureService } from '../../models/model-erasure.service';

let api: TestApi;
beforeAll(async () => {
  // Erasures are continued by the tests alone.
  withoutReconciler();
  api = await TestApi.start();
});
afterAll(() => api.stop());

const remove = (id: number) => api.call('DELETE', `/api/v3/custom_models/${String(id)}`);

const doneSteps = (id: number) =>
  api.database.query<{ service: string }>(
    'system',
    'SELECT service FROM erasure_step WHERE model_id = $1 AND done_at IS NOT NULL ORDER BY service',
    [id],
  );

const others = [
  'ingestion.model-erased.v1',
  'training.model-erased.v1',
  'evaluation.model-erased.v1',
  'billing.model-erased.v1',
] as const;

async function trainedModel(): Promise<number> {
  const id = await runningModel(api);
  await api.succeedRun(id);
  await eventually(async () => expect((await api.getModel(id)).training_status).toBe(4));
  return id;
}

/** Billing has recorded what the model's runs used. */
async function settle(id: number): Promise<void> {
  const scope = { organization_id: api.tenant.organizationId, model_id: id };
  await api.publish(api.tenant.organizationId, 'billing.model-erased.v1', scope);
  await eventually(async () => expect((await doneSteps(id)).map(({ service }) => service)).toContain('billing'));
  await api.app.get(ModelErasureService).continueErasures(60, new AbortController().signal);
}

describe('DELETE /api/v3/custom_models/{id} answers 204', () => {
  it('and erases rows, audio, transcripts and artifacts', async () => {
    const id = await trainedModel();
    await uploadAccepted(api, id);
    const prefix = `o/${api.tenant.organizationId}/m/${String(id)}/`;
    expect((await api.storedKeys(prefix)).length).toBeGreaterThan(5);
    const answer = await remove(id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    for (const table of ['data_item', 'data_item_count', 'run', 'version']) {
      expect(await api.database.query('system', `SELECT 1 FROM ${table} WHERE model_id = $1`, [id])).toEqual([]);
    }
    await settle(id);
    expect(await api.storedKeys(prefix)).toEqual([]);
    expect(await api.database.query('system', 'SELECT name, description FROM model WHERE id = $1', [id])).toEqual([
      { name: '', description: null },
    ]);
  });

  it('and keeps of all objects only the snapshots of its runs until billing has recorded what they used', async () => {
    const id = await trainedModel();
    const run = await api.lastRun(id);
    await remove(id);
    const prefix = `o/${api.tenant.organizationId}/m/${String(id)}/`;
    expect(await api.storedKeys(prefix)).toEqual([run.snapshotKey]);
    await api.app.get(ModelErasureService).continueErasures(60, new AbortController().signal);
    expect(await api.storedKeys(prefix)).toEqual([run.snapshotKey]);
    await eventually(() =>
      expect(api.sent('models.runs-closed.v1').find(({ data }) => data.model_id === id)?.data.succeeded).toMatchObject([
        { run_id: run.id, snapshot_key: run.snapshotKey, snapshot_sha256: run.snapshotSha256, training_ms: 90_000 },
      ]),
    );
    await settle(id);
    expect(await api.storedKeys(prefix)).toEqual([]);
  });

  it('once: afterwards the model is one that never was', async () => {
    const { id } = await api.createModel();
    await remove(id);
    const again = await remove(id);
    expect(again.status).toBe(404);
    expect((await putData<object>(api, id)).body).toEqual(again.body);
  });

  it('and asks every service to erase its part; the list is complete when all have answered', async () => {
    const { id } = await api.createModel();
    await remove(id);
    await eventually(() => {
      expect(api.sent('models.model-deleted.v1').map(({ data }) => data.model_id)).toContain(id);
    });
    const scope = { organization_id: api.tenant.organizationId, model_id: id };
    // It has no run, so nothing to charge.
    expect(await doneSteps(id)).toEqual([{ service: 'billing' }]);
    for (const name of others) await api.publish(api.tenant.organizationId, name, scope);
    await eventually(async () => expect(await doneSteps(id)).toHaveLength(4));
    await api.app.get(ModelErasureService).continueErasures(60, new AbortController().signal);
    expect((await doneSteps(id)).map(({ service }) => service)).toEqual([
      'billing',
      'evaluation',
      'ingestion',
      'models',
      'training',
    ]);
  });

  it('and asks a silent service again, in case its answer was lost', async () => {
    const { id } = await api.createModel();
    await remove(id);
    const sentOf = () => api.sent('models.model-deleted.v1').filter(({ data }) => data.model_id === id);
    await eventually(() => expect(sentOf()).toHaveLength(1));
    await api.app.get(ModelErasureService).continueErasures(0, new AbortController().signal);
    await eventually(() => expect(sentOf()).toHaveLength(2));
    expect(new Set(sentOf().map((event) => event.id)).size).toBe(2);
  });

  it('and finishes it however many models deleted before wait for others', async () => {
    await api.database.query(
      'system',
      `WITH waiting AS (
         INSERT INTO model (organization_id, name, language, base_model, deleted_at)
         SELECT $1, '', 'en', 'general', now() FROM generate_series(1, 250) RETURNING id)
       INSERT INTO erasure_step (model_id, organization_id, service)
       SELECT id, $1, unnest(ARRAY['models', 'training']) FROM waiting`,
      [api.tenant.organizationId],
    );
    const id = await trainedModel();
    await remove(id);
    await settle(id);
    expect(await api.storedKeys(`o/${api.tenant.organizationId}/m/${String(id)}/`)).toEqual([]);
    await api.database.query('system', 'UPDATE erasure_step SET done_at = now() WHERE done_at IS NULL');
  });

  it('and asks billing again only while it owes the usage of the runs, and everybody ever more rarely, at most once an hour', async () => {
    const id = await trainedModel();
    await remove(id);
    const asked = (name: 'models.model-deleted.v1' | 'models.runs-closed.v1') =>
      api.database.query('system', 'SELECT 1 FROM outbox WHERE event_name = $1 AND aggregate_id = $2', [
        name,
        String(id),
      ]);
    const waitAndLook = async (seconds: number): Promise<number> => {
      const before = (await asked('models.runs-closed.v1')).length;
      await api.database.query(
        'system',
        'UPDATE erasure_step SET requested_at = requested_at - make_interval(secs => $2) WHERE model_id = $1',
        [id, seconds],
      );
      await api.app.get(ModelErasureService).continueErasures(60, new AbortController().signal);
      return (await asked('models.runs-closed.v1')).length - before;
    };
    for (const seconds of [60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      expect(await waitAndLook(seconds - 30)).toBe(0);
      expect(await waitAndLook(31)).toBe(1);
    }
    expect(await asked('models.model-deleted.v1')).toHaveLength(9);
    await settle(id);
    expect(await waitAndLook(3601)).toBe(0);
    expect(await asked('models.model-deleted.v1')).toHaveLength(10);
  });

  it('and removes what an upload brings in after the deletion', async () => {
    const { id } = await api.createModel();
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const uploading = api.call('PUT', `/api/v3/custom_models/${String(id)}/data`, streamedForm(held));
    await eventually(async () => {
      expect(await api.database.query('system', 'SELECT 1 FROM upload WHERE model_id = $1', [id])).toHaveLength(1);
    });
    expect((await remove(id)).status).toBe(204);
    finish();
    expect((await uploading).body.error_code).toBe('MODEL_NOT_FOUND');
    expect(await api.storedKeys(`o/${api.tenant.organizationId}/m/${String(id)}/`)).toEqual([]);
    expect(await api.database.query('system', 'SELECT 1 FROM upload WHERE model_id = $1', [id])).toEqual([]);
  });
});
