import type { ApiWebhook } from '@attune/contracts';
import { newId } from '@attune/kernel';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
let othersHook: string;
let othersKey: string;
beforeAll(async () => {
  api = await TestApi.start();
  const other = await api.addTenant();
  othersKey = other.key;
  const created = await api.call<ApiWebhook>('POST', '/api/v3/webhooks', {
    key: othersKey,
    json: { url: 'https://example.com/' },
  });
  othersHook = created.body.id;
});
afterAll(() => api.stop());

const calls: [string, string, string, object | undefined][] = [
  ['get', 'GET', '', undefined],
  ['update', 'POST', '', { enabled: false }],
  ['remove', 'DELETE', '', undefined],
  ['rotateSecret', 'POST', '/rotate_secret', {}],
  ['ping', 'POST', '/ping', {}],
  ['deliveries', 'GET', '/deliveries', undefined],
  ['replay', 'POST', `/deliveries/${newId()}/replay`, {}],
];

describe('a webhook of another organization is exactly a missing one', () => {
  it.each(calls)('%s', async (_, method, path, json) => {
    for (const id of [othersHook, newId(), 'abc', '%00', "1'; DROP TABLE webhook"]) {
      const url = `/api/v3/webhooks/${encodeURIComponent(id)}${path}`;
      const answer = await api.call(method, url, json === undefined ? {} : { json });
      expect([answer.status, answer.body]).toEqual([
        404,
        { error: 'Not Found', message: 'Webhook not found', error_code: 'NOT_FOUND', details: {} },
      ]);
    }
  });

  it('and stays as it was', async () => {
    const { body } = await api.call<ApiWebhook>('GET', `/api/v3/webhooks/${othersHook}`, { key: othersKey });
    expect(body).toMatchObject({ id: othersHook, enabled: true });
    const log = await api.call<{ count: number }>('GET', `/api/v3/webhooks/${othersHook}/deliveries`, {
      key: othersKey,
    });
    expect(log.body.count).toBe(0);
  });

  it('as is a delivery of another webhook', async () => {
    const mine = await api.call<ApiWebhook>('POST', '/api/v3/webhooks', { json: { url: 'https://example.com/' } });
    const path = `/api/v3/webhooks/${mine.body.id}/deliveries/${newId()}/replay`;
    const answer = await api.call('POST', path, { json: {} });
    expect([answer.status, answer.body.message]).toEqual([404, 'Delivery not found']);
  });
});
