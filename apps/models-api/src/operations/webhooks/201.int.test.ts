import type { ApiWebhook } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const create = (json: object) => api.call<ApiWebhook & { secret?: string }>('POST', '/api/v3/webhooks', { json });

describe('POST /api/v3/webhooks answers 201', () => {
  it('with the webhook and its secret, which no later answer has', async () => {
    const created = await create({ url: 'https://example.com/hook', events: ['run.failed'], description: 'pager' });
    const { secret, ...webhook } = created.body;
    expect(created.status).toBe(201);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhook).toEqual({
      id: expect.any(String) as string,
      url: 'https://example.com/hook',
      events: ['run.failed'],
      description: 'pager',
      enabled: true,
      disabled_reason: null,
      created_at: expect.stringMatching(/Z$/) as string,
      updated_at: expect.stringMatching(/Z$/) as string,
    });
    const got = await api.call('GET', `/api/v3/webhooks/${webhook.id}`);
    expect(got.body).toEqual(webhook);
    const listed = await api.call<{ result: unknown[] }>('GET', '/api/v3/webhooks');
    expect(listed.body.result).toEqual([webhook]);
  });

  it('with every event and turned on when nothing else is said', async () => {
    expect((await create({ url: 'https://example.com/' })).body).toMatchObject({ events: [], enabled: true });
  });

  it('and keeps the secret encrypted, also where the answer is kept for a retry', async () => {
    const created = await api.call<{ secret: string }>('POST', '/api/v3/webhooks', {
      json: { url: 'https://example.com/' },
      headers: { 'idempotency-key': 'hook' },
    });
    const again = await api.call<{ secret: string }>('POST', '/api/v3/webhooks', {
      json: { url: 'https://example.com/' },
      headers: { 'idempotency-key': 'hook' },
    });
    expect(again.text).toBe(created.text);
    const rows = await api.database.query<{ secret: Buffer }>(
      'system',
      'SELECT secret FROM webhook UNION ALL SELECT answer FROM idempotency_key',
    );
    const stored = Buffer.concat(rows.map(({ secret }) => secret));
    expect(stored.includes(created.body.secret)).toBe(false);
    expect(stored.includes(Buffer.from(created.body.secret.slice(6), 'base64'))).toBe(false);
  });
});
