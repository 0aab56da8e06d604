import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ webhooks: { allowPrivate: false, dnsServers: [] } });
});
afterAll(() => api.stop());

const create = (json: object) => api.call('POST', '/api/v3/webhooks', { json });

describe('POST /api/v3/webhooks answers 400', () => {
  it.each([
    ['no url', {}, 'url'],
    ['a url without TLS', { url: 'http://example.com/' }, 'url'],
    ['a private address', { url: 'https://192.168.0.1/' }, 'url'],
    ['a private address in decimal', { url: 'https://2130706433/' }, 'url'],
    ['a password in the url', { url: 'https://a:b@example.com/' }, 'url'],
    ['an event that there is not', { url: 'https://example.com/', events: ['model.sold'] }, 'events.0'],
    ['an unknown field', { url: 'https://example.com/', secret: 'whsec_mine' }, 'secret'],
  ])('for %s, and says which field is wrong', async (_, json, field) => {
    const { status, body } = await create(json);
    expect([status, body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(body.details)).toEqual([field]);
  });

  it('to a change into such an address too', async () => {
    const created = await api.call<{ id: string }>('POST', '/api/v3/webhooks', {
      json: { url: 'https://example.com/' },
    });
    const path = `/api/v3/webhooks/${created.body.id}`;
    expect((await api.call('POST', path, { json: { url: 'https://127.0.0.1/' } })).status).toBe(400);
    expect((await api.call('POST', path, { json: {} })).status).toBe(400);
  });

  it('for the twenty-first, also when many are made at once', async () => {
    const { key } = await api.addTenant();
    const many = Array.from({ length: 25 }, () =>
      api.call('POST', '/api/v3/webhooks', { key, json: { url: 'https://example.com/' } }),
    );
    const statuses = (await Promise.all(many)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    expect(statuses.filter((status) => status === 400)).toHaveLength(5);
  });
});
