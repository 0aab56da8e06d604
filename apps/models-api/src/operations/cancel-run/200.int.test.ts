import type { ApiModel, ApiRun } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { RunCancellationsService } from '../../runs/run-cancellations.service';
import { TestApi } from '../../test-support/test-api';
import { runningModel, trainableModel } from '../../test-support/uploading';
import { withoutReconciler } from '../../test-support/without-reconciler';

let api: TestApi;
let replica: string;
beforeAll(async () => {
  // A question that stays without an answer for long is asked again by the tests alone.
  withoutReconciler();
  api = await TestApi.start();
  replica = await api.addReplica();
});
afterAll(() => api.stop());

const path = (id: number, rest: string, at = api.url) => `${at}/api/v3/custom_models/${String(id)}/${rest}`;
const cancel = (id: number, at = api.url) => api.call<ApiModel>('POST', path(id, 'cancel', at), { json: {} });
const start = (id: number) => api.call<ApiModel>('POST', path(id, 'run'), { json: {} });
const requestedOf = (id: number) =>
  api.sent('models.run-cancel-requested.v1').filter(({ data }) => data.model_id === id);

async function statusIs(id: number, status: number): Promise<ApiModel> {
  return eventually(async () => {
    const model = await api.getModel(id);
    expect(model.training_status).toBe(status);
    return model;
  });
}

describe('POST /api/v3/custom_models/{id}/cancel answers 200', () => {
  it('with the model that is about to end its run, and asks the trainer once, however often it is called', async () => {
    const id = await runningModel(api);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => cancel(id, n % 2 ? replica : api.url)));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ id, training_status: 3, stage: 'cancelling' });
    }
    await eventually(() => expect(requestedOf(id)).toHaveLength(1));
    expect(requestedOf(id)[0]?.data.run_id).toBe((await api.lastRun(id)).id);
  });

  it('without a body too', async () => {
    const id = await runningModel(api);
    expect((await api.call('POST', path(id, 'cancel'))).status).toBe(200);
  });

  it('and the model is ready again when the trainer has ended the run, and can be trained anew', async () => {
    const id = await runningModel(api);
    await cancel(id);
    await api.cancelRun(id);
    expect(await statusIs(id, 2)).not.toHaveProperty('stage');
    expect((await cancel(id)).body).toMatchObject({ training_status: 2 });
    expect((await start(id)).body.training_status).toBe(3);
    await api.succeedRun(id);
    await statusIs(id, 4);
  });

  it('and a model that has a version is back at 4, with that version’s figures and times', async () => {
    const id = await runningModel(api);
    await api.succeedRun(id, { word_error_rate: 11 });
    const trained = await statusIs(id, 4);
    await start(id);
    await cancel(id);
    await api.cancelRun(id);
    const after = await statusIs(id, 4);
    expect({ ...after, updated_at: '' }).toEqual({ ...trained, updated_at: '' });
  });

  it('and a model that failed before is ready again', async () => {
    const id = await runningModel(api);
    await api.failRun(id, 'The audio is silent');
    await statusIs(id, 5);
    await start(id);
    await cancel(id);
    await api.cancelRun(id);
    expect(await statusIs(id, 2)).not.toHaveProperty('error');
  });

  it('and the run that succeeded before the cancel reached it has succeeded', async () => {
    const id = await runningModel(api);
    await cancel(id);
    await api.succeedRun(id);
    await statusIs(id, 4);
    // The trainer answers a cancel that comes too late with the end that came first; both orders end the same.
    await api.cancelRun(id);
    await api.settled();
    expect((await api.getModel(id)).training_status).toBe(4);
    expect((await cancel(id)).body.training_status).toBe(4);
  });

  it('and a success that comes after the run was cancelled changes nothing', async () => {
    const id = await runningModel(api);
    await cancel(id);
    await api.cancelRun(id);
    await statusIs(id, 2);
    await api.succeedRun(id);
    await api.settled();
    const runs = await api.call<{ result: ApiRun[] }>('GET', path(id, 'runs'));
    expect(runs.body.result.map(({ state }) => state)).toEqual(['cancelled']);
    expect((await api.getModel(id)).training_status).toBe(2);
  });

  it('and asks again while no answer comes, in case the broker lost the question', async () => {
    const id = await runningModel(api);
    await cancel(id);
    await eventually(() => expect(requestedOf(id)).toHaveLength(1));
    await api.app.get(RunCancellationsService).requestUnanswered(0);
    await eventually(() => expect(requestedOf(id)).toHaveLength(2));
    expect(new Set(requestedOf(id).map((event) => event.id)).size).toBe(2);
    await api.cancelRun(id);
    await statusIs(id, 2);
    await api.app.get(RunCancellationsService).requestUnanswered(0);
    await api.settled();
    expect(requestedOf(id)).toHaveLength(2);
  });

  it('and the model may be deleted as soon as its run has ended, not before', async () => {
    const id = await runningModel(api);
    await cancel(id);
    const remove = () => api.call('DELETE', `/api/v3/custom_models/${String(id)}`);
    expect((await remove()).status).toBe(409);
    await api.cancelRun(id);
    await statusIs(id, 2);
    expect((await remove()).status).toBe(204);
  });

  it('for the tenant’s own runs alone', async () => {
    const id = await trainableModel(api);
    const other = await api.addTenant();
    expect((await api.call('POST', path(id, 'cancel'), { key: other.key })).status).toBe(404);
  });
});
