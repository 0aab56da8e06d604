import type { ApiLimits } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const gold = {
  requests_per_minute: 120,
  requests_per_hour: 5000,
  requests_per_day: 50_000,
  concurrent_requests: 20,
  models: 5,
  live_runs: 2,
  model_creations_per_hour: 10,
  training_starts_per_hour: 5,
  status_checks_per_minute: 100,
  data_uploads_per_hour: 50,
};
const look = (key: string) => api.call<ApiLimits>('GET', '/api/v3/limits', { key });

/** `"name";r=1;t=2, ...` as an object. */
function readRateLimit(header: string | null): Record<string, { r: number; t: number }> {
  const items = (header ?? '').split(', ').map((item) => /^"(\w+)";r=(\d+);t=(\d+)$/.exec(item));
  return Object.fromEntries(
    items.flatMap((item): [string, { r: number; t: number }][] =>
      item ? [[item[1] ?? '', { r: Number(item[2]), t: Number(item[3]) }]] : [],
    ),
  );
}

describe('GET /api/v3/limits answers 200', () => {
  it('with every limit, what of it is used, and what remains', async () => {
    const { key } = await api.addTenant({ limits: gold });
    const before = Date.now() / 1000;
    await runningModel(api, key);
    const { status, body } = await look(key);
    expect(status).toBe(200);
    expect(body.plan).toBe('gold');
    expect(Object.fromEntries(Object.entries(body.limits).map(([name, { limit }]) => [name, limit]))).toEqual(gold);
    expect(body.limits).toMatchObject({
      models: { used: 1, remaining: 4, reset: null },
      live_runs: { used: 1, remaining: 1, reset: null },
      model_creations_per_hour: { used: 1, remaining: 9 },
      training_starts_per_hour: { used: 1, remaining: 4 },
      data_uploads_per_hour: { used: 1, remaining: 49 },
      // Created, uploaded, started, looked: three of them change something.
      requests_per_day: { used: 4, remaining: 49_996 },
      status_checks_per_minute: { used: 1, remaining: 99 },
      concurrent_requests: { used: 1, remaining: 19, reset: null },
    });
    // An hour after the model was created.
    const { reset } = body.limits.model_creations_per_hour;
    expect(reset).toBeGreaterThanOrEqual(before + 3600);
    expect(reset).toBeLessThanOrEqual(Date.now() / 1000 + 3601);
  });

  it('with the numbers of its own headers', async () => {
    const { key } = await api.addTenant({ limits: gold });
    for (let n = 0; n < 7; n++) await look(key);
    const before = Date.now() / 1000;
    const { body, headers } = await look(key);
    const after = Date.now() / 1000;
    const said = readRateLimit(headers.get('ratelimit'));
    expect(Object.keys(said).sort()).toEqual([
      'requests_per_day',
      'requests_per_hour',
      'requests_per_minute',
      'status_checks_per_minute',
    ]);
    for (const [name, { r, t }] of Object.entries(said)) {
      const { remaining, reset } = body.limits[name as keyof typeof gold];
      expect([name, remaining]).toEqual([name, r]);
      expect(reset).toBeGreaterThan(before + t - 3);
      expect(reset).toBeLessThan(after + t + 3);
    }
    expect(headers.get('x-ratelimit-limit')).toBe('100');
    expect(headers.get('x-ratelimit-remaining')).toBe(String(body.limits.status_checks_per_minute.remaining));
    expect(headers.get('x-ratelimit-reset')).toBe(String(body.limits.status_checks_per_minute.reset));
    expect(headers.get('ratelimit-policy')).toContain('"status_checks_per_minute";q=100;w=60');
    expect(headers.get('ratelimit-policy')).toContain('"concurrent_requests";q=20;qu="concurrent-requests"');
  });

  it('with the numbers that the headers of an action had', async () => {
    const { key } = await api.addTenant({ limits: gold });
    const made = await api.call('POST', '/api/v3/custom_models', { json: { name: 'x', language: 'en' }, key });
    expect(made.headers.get('x-ratelimit-limit')).toBe('10');
    expect(readRateLimit(made.headers.get('ratelimit'))).toHaveProperty('model_creations_per_hour');
    const { body } = await look(key);
    const { remaining, reset } = body.limits.model_creations_per_hour;
    expect(made.headers.get('x-ratelimit-remaining')).toBe(String(remaining));
    expect(made.headers.get('x-ratelimit-reset')).toBe(String(reset));
  });

  it('with null where nothing is limited, and then sends no header of limits', async () => {
    const { body, headers } = await look(api.tenant.key);
    const { models, live_runs, ...others } = body.limits;
    expect([models.limit, live_runs.limit, models.remaining]).toEqual([null, null, null]);
    for (const standing of Object.values(others)) {
      expect(standing).toEqual({ limit: null, used: null, remaining: null, reset: null });
    }
    expect([...headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
  });
});
