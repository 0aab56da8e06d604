import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { runningModel, trainableModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const cancel = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/cancel`, { json: {} });

describe('POST /api/v3/custom_models/{id}/cancel answers 409 MODEL_NOT_READY', () => {
  it('when the model was never trained', async () => {
    const { status, body } = await cancel(await trainableModel(api));
    expect([status, body.error_code]).toEqual([409, 'MODEL_NOT_READY']);
  });

  it('when the last run ended by itself', async () => {
    const id = await runningModel(api);
    await api.failRun(id, 'The audio is silent');
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(5));
    expect((await cancel(id)).body.error_code).toBe('MODEL_NOT_READY');
  });
});
