import type { ApiModel } from '@attune/contracts';
import { Rpc } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { trainAgain } from '../../test-support/training';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
let rpc: Rpc;
beforeAll(async () => {
  api = await TestApi.start();
  rpc = new Rpc(api.connection, 'stt', createLogger('test', 'silent'));
});
afterAll(() => api.stop());

const path = (id: number, rest: string) => `/api/v3/custom_models/${String(id)}/${rest}`;
const activate = (id: number, number: number | string) =>
  api.call<ApiModel>('POST', path(id, `versions/${String(number)}/activate`), { json: {} });
/** What stt asks for every request. */
const resolve = (model: string, organizationId = api.tenant.organizationId) =>
  rpc.call('models.resolve', { organization_id: organizationId, model }, { timeoutMs: 20_000 });

describe('POST /api/v3/custom_models/{id}/versions/{number}/activate answers 200', () => {
  it('with the model that serves with that version from then on, with its figures and times', async () => {
    const id = await trainableModel(api);
    const key = `custom_model_${String(id)}`;
    await trainAgain(api, id, { word_error_rate: 20 });
    const [first, modelAtFirst] = [await resolve(key), await api.getModel(id)];
    await trainAgain(api, id, { word_error_rate: 25 });
    const second = await resolve(key);
    expect(second.digest).not.toBe(first.digest);

    const { status, body } = await activate(id, 1);
    expect(status).toBe(200);
    expect({ ...body, updated_at: '' }).toEqual({ ...modelAtFirst, updated_at: '' });
    expect(await resolve(key)).toEqual(first);
    expect((await activate(id, 1)).body).toEqual(body);
    await activate(id, 2);
    expect(await resolve(key)).toEqual(second);
  });

  it('and leaves a live run alone: its version takes over when it succeeds', async () => {
    const id = await trainableModel(api);
    await trainAgain(api, id);
    await trainAgain(api, id);
    await api.call('POST', path(id, 'run'), { json: {} });
    expect((await activate(id, 1)).body).toMatchObject({ training_status: 3, stage: 'queued' });
    await api.succeedRun(id, { word_error_rate: 7 });
    await eventually(async () =>
      expect((await api.getModel(id)).training_metrics).toMatchObject({ word_error_rate: 7 }),
    );
  });

  it('while a pinned version is served whatever is active, under its own name', async () => {
    const id = await trainableModel(api);
    const key = `custom_model_${String(id)}`;
    await trainAgain(api, id);
    await trainAgain(api, id);
    const [one, two] = [await resolve(`${key}@1`), await resolve(`${key}@2`)];
    expect([one.model, two.model]).toEqual([`${key}@1`, `${key}@2`]);
    expect(one.digest).not.toBe(two.digest);
    expect((await resolve(key)).digest).toBe(two.digest);
    await activate(id, 1);
    expect(await resolve(`${key}@2`)).toEqual(two);
    expect((await resolve(key)).digest).toBe(one.digest);
  });

  it('and a version that is not there is refused, never replaced by another', async () => {
    const id = await trainableModel(api);
    const key = `custom_model_${String(id)}`;
    await expect(resolve(`${key}@1`)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await trainAgain(api, id);
    for (const name of [`${key}@2`, `${key}@0`, `${key}@`, `${key}@1@1`, `${key}@01`, `${key}@x`]) {
      await expect(resolve(name)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    }
    const other = await api.addTenant();
    await expect(resolve(`${key}@1`, other.organizationId)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});
