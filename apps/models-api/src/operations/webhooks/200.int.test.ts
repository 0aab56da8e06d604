import { Webhook as Verifier } from 'standardwebhooks';
import type { ApiWebhook, ApiWebhookDelivery } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { Receiver, type ReceivedMessage } from '../../test-support/receiver';
import { TestApi } from '../../test-support/test-api';
import { trainAgain } from '../../test-support/training';
import { nextUpload, putData, rejectItem, runningModel, trainableModel } from '../../test-support/uploading';

type Created = ApiWebhook & { secret: string };
interface Message {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

let api: TestApi;
let receiver: Receiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([TestApi.start(), Receiver.start()]);
});
afterAll(async () => {
  await api.stop();
  await receiver.stop();
});
beforeEach(() => {
  receiver.seen.length = 0;
  receiver.answer = (response) => response.writeHead(204).end();
});

const post = <T>(path: string, json: object = {}) => api.call<T>('POST', `/api/v3/webhooks${path}`, { json });
const create = async (fields: object = {}): Promise<Created> =>
  (await post<Created>('', { url: receiver.url, ...fields })).body;
const logOf = async (id: string, query = ''): Promise<ApiWebhookDelivery[]> =>
  (await api.call<{ result: ApiWebhookDelivery[] }>('GET', `/api/v3/webhooks/${id}/deliveries${query}`)).body.result;
const remove = (id: string) => api.call('DELETE', `/api/v3/webhooks/${id}`);

const verified = (seen: ReceivedMessage, secret: string): Message =>
  new Verifier(secret).verify(seen.body, seen.headers as Record<string, string>) as Message;

function verifies(seen: ReceivedMessage, secret: string): boolean {
  try {
    verified(seen, secret);
    return true;
  } catch {
    return false;
  }
}

describe('a webhook is told, signed so that the official library verifies it', () => {
  it('of a run’s start, its success, and the version that serves from then on', async () => {
    const hook = await create();
    const modelId = await runningModel(api);
    const { id: runId } = await api.lastRun(modelId);
    await api.succeedRun(modelId);
    await eventually(() => expect(receiver.seen).toHaveLength(3));
    const messages = receiver.seen.map((seen) => verified(seen, hook.secret));
    const of = (type: string) => messages.find((message) => message.type === type)?.data;
    const run = { model_id: modelId, model_key: `custom_model_${String(modelId)}`, run_id: runId };
    expect(of('run.started')).toEqual(run);
    expect(of('run.succeeded')).toMatchObject({
      ...run,
      version: 1,
      word_error_rate: 12.5,
      accuracy_improvement: 18.7,
    });
    expect(of('version.activated')).toEqual({ ...run, version: 1 });
    for (const { body, headers } of receiver.seen) {
      expect(Buffer.byteLength(body)).toBeLessThan(20_000);
      expect(headers['content-type']).toBe('application/json');
    }
    await remove(hook.id);
  });

  it('of a run that was cancelled, once it has ended', async () => {
    const hook = await create({ events: ['run.cancelled'] });
    const modelId = await runningModel(api);
    await api.call('POST', `/api/v3/custom_models/${String(modelId)}/cancel`, { json: {} });
    expect(await logOf(hook.id)).toEqual([]);
    await api.cancelRun(modelId);
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    const [message] = receiver.seen.map((seen) => verified(seen, hook.secret));
    const { id: runId } = await api.lastRun(modelId);
    expect(message).toMatchObject({ type: 'run.cancelled', data: { model_id: modelId, run_id: runId } });
    await remove(hook.id);
  });

  it('of an earlier version that was activated, once', async () => {
    const modelId = await trainableModel(api);
    await trainAgain(api, modelId);
    await trainAgain(api, modelId);
    const hook = await create({ events: ['version.activated'] });
    const activate = (number: number) =>
      api.call('POST', `/api/v3/custom_models/${String(modelId)}/versions/${String(number)}/activate`, { json: {} });
    await activate(1);
    await activate(1);
    await activate(2);
    await eventually(() => expect(receiver.seen).toHaveLength(2));
    const versions = receiver.seen.map((seen) => verified(seen, hook.secret).data['version']);
    expect(versions.sort()).toEqual([1, 2]);
    await remove(hook.id);
  });

  it('of a run’s failure, in the customer’s words', async () => {
    const hook = await create({ events: ['run.failed'] });
    const modelId = await runningModel(api);
    await api.failRun(modelId, 'The audio is silent');
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    const [message] = receiver.seen.map((seen) => verified(seen, hook.secret));
    expect(message).toMatchObject({ type: 'run.failed', data: { model_id: modelId, message: 'The audio is silent' } });
    await remove(hook.id);
  });

  it('of data that ingestion refused, however long its reasons are', async () => {
    const hook = await create({ events: ['data.rejected'] });
    const { id } = await api.createModel();
    const sending = putData(api, id);
    await rejectItem(api, await nextUpload(api, id), 'x'.repeat(100_000));
    expect((await sending).status).toBe(400);
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    const [message] = receiver.seen.map((seen) => verified(seen, hook.secret));
    expect(message).toMatchObject({ type: 'data.rejected', data: { model_id: id, code: 'UNSUPPORTED_AUDIO_FORMAT' } });
    await remove(hook.id);
  });

  it('only of the events it asked for, only while it is on, and never of another organization’s', async () => {
    const wants = await create({ events: ['run.failed'] });
    const off = await create({ enabled: false });
    const other = await api.addTenant();
    await runningModel(api, other.key);
    await runningModel(api);
    await post(`/${wants.id}/ping`);
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    expect((await logOf(wants.id)).map(({ event_type }) => event_type)).toEqual(['ping']);
    expect(await logOf(off.id)).toEqual([]);
    await Promise.all([wants, off].map(({ id }) => remove(id)));
  });
});

describe('the log of deliveries', () => {
  it('says what became of each, newest first, and the same message goes out again on replay', async () => {
    const hook = await create();
    receiver.answer = (response) => response.writeHead(500).end('a secret of the receiver');
    const ping = (await post<ApiWebhookDelivery>(`/${hook.id}/ping`)).body;
    expect(ping).toMatchObject({ event_type: 'ping', state: 'pending', attempts: 0 });
    await eventually(async () => {
      const [entry] = await logOf(hook.id);
      expect(entry).toMatchObject({ id: ping.id, attempts: 1, state: 'pending', response_status: 500 });
      expect(entry?.error).toBe('the receiver answered 500');
    });
    receiver.answer = (response) => response.writeHead(200).end();
    const replayed = await post<ApiWebhookDelivery>(`/${hook.id}/deliveries/${ping.id}/replay`);
    expect(replayed.body).toMatchObject({ id: ping.id, message_id: ping.message_id, state: 'pending' });
    await eventually(async () => expect((await logOf(hook.id))[0]?.state).toBe('delivered'));
    const ids = receiver.seen.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toEqual(new Set([ping.message_id]));
    const second = (await post<ApiWebhookDelivery>(`/${hook.id}/ping`)).body;
    await eventually(async () => expect(await logOf(hook.id, '?state=delivered')).toHaveLength(2));
    expect((await logOf(hook.id, '?per_page=1')).map(({ id }) => id)).toEqual([second.id]);
    await remove(hook.id);
  });
});

describe('rotating the secret', () => {
  it('signs with both for a day: a receiver may change over at any moment', async () => {
    const hook = await create();
    const rotated = (await post<Created & { previous_secret_expires_at: string }>(`/${hook.id}/rotate_secret`)).body;
    expect(rotated.secret).not.toBe(hook.secret);
    await post(`/${hook.id}/ping`);
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    for (const secret of [hook.secret, rotated.secret])
      expect(receiver.seen.map((seen) => verifies(seen, secret))).toEqual([true]);
    await api.database.runInTransaction('system', (tx) =>
      tx.execute('UPDATE webhook SET previous_secret_expires_at = now()'),
    );
    await post(`/${hook.id}/ping`);
    await eventually(() => expect(receiver.seen).toHaveLength(2));
    expect(receiver.seen.map((seen) => verifies(seen, hook.secret))).toEqual([true, false]);
    const [, later] = receiver.seen;
    expect(later?.headers['webhook-signature']?.toString().split(' ')).toHaveLength(1);
    await remove(hook.id);
  });
});

describe('changing a webhook', () => {
  it('changes what is named alone', async () => {
    const hook = await create({ description: 'one' });
    const { body } = await post<ApiWebhook>(`/${hook.id}`, { enabled: false, events: ['run.started'] });
    expect(body).toMatchObject({ url: hook.url, description: 'one', enabled: false, events: ['run.started'] });
    expect((await post<ApiWebhook>(`/${hook.id}`, { description: null })).body.description).toBeNull();
    expect((await remove(hook.id)).status).toBe(204);
    expect((await api.call('GET', `/api/v3/webhooks/${hook.id}`)).status).toBe(404);
  });
});
