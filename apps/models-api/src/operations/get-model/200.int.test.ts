import type { ApiModel } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { runningModel, trainableModel, uploadAccepted } from '../../test-support/uploading';
import { someMetrics, TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const untilStatus = (id: number, status: number): Promise<ApiModel> =>
  eventually(async () => {
    const model = await api.getModel(id);
    expect(model.training_status).toBe(status);
    return model;
  });

const progress = async (id: number, sequence: number, percent: number): Promise<void> => {
  const run = await api.lastRun(id);
  await api.publish(run.organizationId, 'training.run-progressed.v2', {
    organization_id: run.organizationId,
    model_id: id,
    run_id: run.id,
    sequence,
    stage: 'training',
    stage_detail: null,
    progress: percent,
    eta_seconds: 60,
  });
};

describe('GET /api/v3/custom_models/{id} shows', () => {
  it('a running model with its progress and its start, and nothing of an outcome', async () => {
    const id = await runningModel(api);
    const model = await untilStatus(id, 3);
    expect(model).toMatchObject({ status_message: 'Training in progress...', training_progress: 0 });
    expect(model.started_training_at).toBeDefined();
    for (const field of ['finished_training_at', 'training_metrics', 'error']) expect(model).not.toHaveProperty(field);
  });

  it('progress that only grows, whatever order the news comes in', async () => {
    const id = await runningModel(api);
    await progress(id, 2, 40);
    await eventually(async () => expect((await api.getModel(id)).training_progress).toBe(40));
    await progress(id, 1, 90);
    await progress(id, 3, 30);
    await progress(id, 4, 41);
    await eventually(async () => expect((await api.getModel(id)).training_progress).toBe(41));
  });

  it('a succeeded model with the metrics of its version', async () => {
    const id = await runningModel(api);
    await api.succeedRun(id, {}, 27_000_000);
    const model = await untilStatus(id, 4);
    expect(model).toMatchObject({
      status_message: 'Training completed successfully',
      training_progress: 100,
      training_metrics: {
        word_error_rate: 12.5,
        accuracy_improvement: 18.7,
        character_error_rate: 8.3,
        training_hours: 7.5,
        base_word_error_rate: someMetrics.base_word_error_rate,
        evaluated_on: 'test_set',
      },
    });
    expect(model.finished_training_at).toBeDefined();
    expect(model).not.toHaveProperty('error');
  });

  it('a failed model with the reason in the customer’s words, and can be trained again', async () => {
    const id = await runningModel(api);
    await api.failRun(id, 'The recordings are empty');
    const model = await untilStatus(id, 5);
    expect(model.status_message).toBe('The recordings are empty');
    expect(model.error).toEqual({
      error_code: 'TRAINING_FAILED',
      message: 'The recordings are empty',
      details: { reason: 'The recordings are empty' },
    });
    expect(model).not.toHaveProperty('training_metrics');
    expect((await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} })).status).toBe(200);
  });

  it('5 after a second run failed, while the first version serves on', async () => {
    const id = await runningModel(api);
    await api.succeedRun(id);
    await untilStatus(id, 4);
    await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });
    await api.failRun(id, 'The disk is full');
    await untilStatus(id, 5);
    const place = { organization_id: api.tenant.organizationId, model: `custom_model_${String(id)}` };
    const resolved = await api.rpcOf('stt').call('models.resolve', place, { timeoutMs: 20_000 });
    expect(resolved.files.map(({ path }) => path).sort()).toEqual(['config.json', 'model.bin']);
  });

  it('the same outcome however often it is told, and none for a run that has ended', async () => {
    const id = await runningModel(api);
    await api.succeedRun(id);
    await untilStatus(id, 4);
    await api.failRun(id, 'too late');
    await api.succeedRun(id, { word_error_rate: 99 });
    await progress(id, 99, 50);
    await uploadAccepted(api, id);
    const model = await api.getModel(id);
    expect(model).toMatchObject({ training_status: 4, training_metrics: { word_error_rate: 12.5 } });
    expect(await api.database.query('system', 'SELECT 1 FROM version WHERE model_id = $1', [id])).toHaveLength(1);
  });

  it('a model whose manifest is damaged as still running: no version that nobody verified', async () => {
    const id = await runningModel(api);
    const run = await api.lastRun(id);
    const place = { organizationId: run.organizationId, modelId: id as never, runId: run.id, epoch: 1 };
    const manifest = await api.storeManifest(place);
    await api.publish(run.organizationId, 'training.run-succeeded.v1', {
      organization_id: run.organizationId,
      model_id: id,
      run_id: run.id,
      epoch: 1,
      base_digest: `sha256:${'b'.repeat(64)}`,
      manifest_key: manifest.key,
      manifest_sha256: `sha256:${'0'.repeat(64)}`,
      snapshot_key: run.snapshotKey,
      snapshot_sha256: run.snapshotSha256,
      training_ms: 1,
      metrics: someMetrics,
    });
    await eventually(async () => {
      expect(
        await api.database.query('system', `SELECT 1 FROM failed_event WHERE consumer = 'models-versions'`),
      ).toHaveLength(1);
    });
    expect((await api.getModel(id)).training_status).toBe(3);
  });

  it('counts of its data by type and status', async () => {
    const id = await trainableModel(api);
    await uploadAccepted(api, id, { type: 'test', audioMs: 5000 });
    const { body } = await api.call('GET', `/api/v3/custom_models/${String(id)}/data/summary`);
    expect(body).toEqual({
      train: { processing: 0, ready: 1, rejected: 0, audio_ms: 90_000 },
      test: { processing: 0, ready: 1, rejected: 0, audio_ms: 5000 },
    });
  });
});
