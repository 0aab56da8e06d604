import { renderOpenApi } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const get = (path: string) => api.call<unknown>('GET', path, { key: null });

describe('without a key', () => {
  it('GET /docs is a page whose parts are all there', async () => {
    const page = await get('/docs');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(parts).toHaveLength(3);
    for (const path of parts) expect((await get(path)).status).toBe(200);
  });

  it('GET /docs/openapi.json is the document of the contract', async () => {
    expect((await get('/docs/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(renderOpenApi())));
  });

  it.each(['package.json', '..%2fpackage.json', 'absolute-path.js'])('GET /docs/assets/%s is nothing', async (file) => {
    expect((await get(`/docs/assets/${file}`)).status).toBe(404);
  });

  it('GET /healthz says what the service depends on', async () => {
    for (const path of ['/healthz', '/healthz/ready']) {
      expect((await get(path)).body).toEqual({ status: 'ok', checks: { postgres: 'ok', nats: 'ok', store: 'ok' } });
    }
    expect((await get('/healthz/live')).status).toBe(200);
  });

  it('GET /healthz is 503 and names the broker when the broker is away, while the service lives and reads are served', async () => {
    await api.nats.stop();
    const ready = await get('/healthz/ready');
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: 'unavailable', checks: { postgres: 'ok' } });
    expect((await get('/healthz/live')).status).toBe(200);
    expect((await api.call('GET', '/api/v3/custom_models')).status).toBe(200);
    await api.nats.start();
  });
});
