import type { ApiWebhook, ApiWebhookDelivery } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { startApiProcess } from '../../test-support/api-process';
import { Receiver } from '../../test-support/receiver';
import { TestApi } from '../../test-support/test-api';
import { DeliveryWorker } from '../../webhooks/delivery.worker';

let api: TestApi;
let receiver: Receiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([TestApi.start(), Receiver.start()]);
  // The processes of this test deliver, and nobody else.
  await api.app.get(DeliveryWorker).beforeApplicationShutdown();
});
afterAll(async () => {
  await api.stop();
  await receiver.stop();
});

describe('a message whose sender was killed with SIGKILL', () => {
  it('after the receiver had it and before that was written is sent again under the same id, and not lost', async () => {
    const hook = await api.call<ApiWebhook>('POST', '/api/v3/webhooks', { json: { url: receiver.url } });
    const path = `/api/v3/webhooks/${hook.body.id}`;
    const victim = await startApiProcess(api);
    let isKilled = false;
    receiver.answer = (response) => {
      if (isKilled) {
        response.writeHead(204).end();
        return;
      }
      isKilled = true;
      void victim.end('SIGKILL').then(() => response.writeHead(204).end());
    };
    const ping = await api.call<ApiWebhookDelivery>('POST', `${path}/ping`, { json: {} });
    await eventually(() => expect(receiver.seen).toHaveLength(1));
    const [entry] = await deliveriesOf(path);
    expect(entry).toMatchObject({ id: ping.body.id, state: 'pending', attempts: 1, response_status: null });
    const heir = await startApiProcess(api);
    // A minute is over: the attempt counts as lost.
    await api.database.runInTransaction('system', (tx) => tx.execute('UPDATE webhook_delivery SET due_at = now()'));
    await eventually(async () => expect(await deliveriesOf(path)).toMatchObject([{ state: 'delivered', attempts: 2 }]));
    await heir.end('SIGKILL');
    expect(receiver.seen.map(({ headers }) => headers['webhook-id'])).toEqual([
      ping.body.message_id,
      ping.body.message_id,
    ]);
  });
});

async function deliveriesOf(path: string): Promise<ApiWebhookDelivery[]> {
  return (await api.call<{ result: ApiWebhookDelivery[] }>('GET', `${path}/deliveries`)).body.result;
}
