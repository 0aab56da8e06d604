import type { ApiModel, ApiRun } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { runningModel, trainableModel } from '../../test-support/uploading';

interface Runs {
  count: number;
  total_results: number;
  result: ApiRun[];
}

let api: TestApi;
/** What the trainer says of its queue. */
let places: Record<string, number> = {};
beforeAll(async () => {
  api = await TestApi.start();
  api.rpcOf('training').serve('training.queue-positions', ({ run_ids }) =>
    Promise.resolve({
      positions: run_ids.flatMap((run_id) => (places[run_id] ? [{ run_id, position: places[run_id] }] : [])),
    }),
  );
});
afterAll(() => api.stop());
beforeEach(() => {
  places = {};
});

const path = (id: number, rest: string) => `/api/v3/custom_models/${String(id)}/${rest}`;
const list = async (id: number, query = '') => (await api.call<Runs>('GET', path(id, `runs${query}`))).body;
const start = (id: number) => api.call<ApiModel>('POST', path(id, 'run'), { json: {} });
const statusIs = (id: number, status: number) =>
  eventually(async () => expect((await api.getModel(id)).training_status).toBe(status));

describe('GET /api/v3/custom_models/{id}/runs answers 200', () => {
  it('with no runs of a model that was never trained', async () => {
    expect(await list(await trainableModel(api))).toEqual({ count: 0, total_results: 0, result: [] });
  });

  it('with every run and how it ended, newest first, in pages', async () => {
    const id = await runningModel(api);
    await api.failRun(id, 'The audio is silent');
    await statusIs(id, 5);
    await start(id);
    await api.succeedRun(id, { word_error_rate: 11 });
    await statusIs(id, 4);
    await start(id);
    await api.call('POST', path(id, 'cancel'));
    await api.cancelRun(id);
    await eventually(async () => expect((await list(id)).result[0]?.state).toBe('cancelled'));
    await start(id);

    const all = await list(id);
    expect(all).toMatchObject({ count: 4, total_results: 4 });
    expect(all.result.map(({ state }) => state)).toEqual(['queued', 'cancelled', 'succeeded', 'failed']);
    const [queued, cancelled, succeeded, failed] = all.result;
    expect(queued).toMatchObject({ model_id: id, stage: 'queued', training_progress: 0, training_audio_ms: 90_000 });
    expect(queued).not.toHaveProperty('finished_at');
    expect(cancelled).toHaveProperty('finished_at');
    expect(succeeded).toMatchObject({ version: 1, training_progress: 100, training_metrics: { word_error_rate: 11 } });
    expect(failed).toMatchObject({ error: { error_code: 'TRAINING_FAILED', message: 'The audio is silent' } });
    expect(failed).not.toHaveProperty('version');

    const pages = await Promise.all([1, 2, 3, 4].map((page) => list(id, `?per_page=1&page=${String(page)}`)));
    expect(pages.flatMap(({ result }) => result)).toEqual(all.result);
  });

  it('with the stage, the time left and the first start of a live run, on the model too', async () => {
    const id = await runningModel(api);
    await api.progressRun(id, { sequence: 1, stage: 'training', progress: 41.5, eta_seconds: 90.4 });
    const [run] = await eventually(async () => {
      const { result } = await list(id);
      expect(result[0]?.state).toBe('running');
      return result;
    });
    expect(run).toMatchObject({ stage: 'training', eta_seconds: 90, training_progress: 41.5 });
    expect(run).toHaveProperty('started_at');
    expect(await api.getModel(id)).toMatchObject({ stage: 'training', eta_seconds: 90, training_progress: 41.5 });
  });

  it('with the place in the queue that the trainer says now, only while the run waits', async () => {
    const id = await runningModel(api);
    const { id: runId } = await api.lastRun(id);
    // Nobody waits long for a place: an answer that the trainer is too slow for is one without.
    places = { [runId]: 7 };
    await eventually(async () =>
      expect((await list(id)).result[0]).toMatchObject({ state: 'queued', queue_position: 7 }),
    );
    places = { [runId]: 6 };
    await eventually(async () => expect(await api.getModel(id)).toMatchObject({ stage: 'queued', queue_position: 6 }));
    await eventually(async () => {
      const models = await api.call<{ result: ApiModel[] }>('GET', '/api/v3/custom_models');
      expect(models.body.result.find((model) => model.id === id)).toMatchObject({ queue_position: 6 });
    });
    await api.progressRun(id, { sequence: 1, stage: 'preparing', progress: 0, eta_seconds: null });
    await eventually(async () => expect((await api.getModel(id)).stage).toBe('preparing'));
    expect(await api.getModel(id)).not.toHaveProperty('queue_position');
  });

  it('without a place in the queue while the trainer does not know one', async () => {
    const id = await runningModel(api);
    expect((await list(id)).result[0]).not.toHaveProperty('queue_position');
  });
});
