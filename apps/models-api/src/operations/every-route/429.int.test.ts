import type { ErrorBody } from '@attune/contracts';
import { newId, systemClock, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { TestApi, type Answer } from '../../test-support/test-api';
import { fillPath, routes } from '../../test-support/routes';
import { streamedForm } from '../../test-support/uploading';

let api: TestApi;
let replicas: string[];
beforeAll(async () => {
  api = await TestApi.start();
  replicas = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

const LIST = '/api/v3/custom_models';
const get = (key: string, n = 0) => api.call('GET', `${replicas[n % 3] ?? ''}${LIST}`, { key });
const statuses = (answers: readonly Answer<unknown>[]) => answers.map(({ status }) => status);
const create = (key: string, json: unknown = { name: 'x', language: 'en' }) => api.call('POST', LIST, { json, key });

/** What is counted, by policy; also what was not used, until it has been given back. */
async function counted(organizationId: OrganizationId): Promise<Record<string, number>> {
  const rows = await api.database.query<{ policy: string; used: number }>(
    { organizationId },
    `SELECT policy, sum(used) AS used FROM request_count WHERE organization_id = $1 GROUP BY policy`,
    [organizationId],
  );
  return Object.fromEntries(rows.map(({ policy, used }) => [policy, used]));
}

/** Once every place that was given has been given back. */
const nobodyInside = (organizationId: OrganizationId) =>
  eventually(async () => expect(await placesOf(organizationId)).toEqual([]));

async function placesOf(organizationId: OrganizationId): Promise<number[]> {
  const rows = await api.database.query<{ slots: number }>(
    { organizationId },
    `SELECT slots FROM request_slot WHERE organization_id = $1`,
    [organizationId],
  );
  return rows.map(({ slots }) => slots);
}

describe('limits of requests', () => {
  it('let 100 of 1,000 looks at once through three instances, name the limit, and say how long to wait', async () => {
    const { key } = await api.addTenant({ limits: { status_checks_per_minute: 100 } });
    const answers: Answer<ErrorBody>[] = [];
    for (let round = 0; round < 10; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 100 }, (_, n) => get(key, n)))));
    }
    const admitted = answers.filter(({ status }) => status === 200);
    expect(admitted).toHaveLength(100);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1000 - admitted.length);
    for (const { body, headers } of refused) {
      expect(body.error_code).toBe('RATE_LIMIT_EXCEEDED');
      expect(body.details).toMatchObject({ policy: 'status_checks_per_minute', limit: 100, window_seconds: 60 });
      expect(headers.get('retry-after')).toBe(String(body.retry_after));
      expect(body.retry_after).toBeGreaterThan(0);
      expect(body.retry_after).toBeLessThanOrEqual(61);
      expect(headers.get('x-ratelimit-remaining')).toBe('0');
    }
    for (const { headers } of answers) {
      expect(Number(headers.get('x-ratelimit-remaining'))).toBeGreaterThanOrEqual(0);
      expect(Number(/r=(-?\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])).toBeGreaterThanOrEqual(0);
    }
  });

  it('hold through a restart of an instance, and for an instance that is new', async () => {
    const { key } = await api.addTenant({ limits: { requests_per_hour: 20 } });
    const ended = await api.addReplica();
    for (let n = 0; n < 10; n++) expect((await api.call('GET', `${ended}${LIST}`, { key })).status).toBe(200);
    await api.removeReplica();
    for (let n = 0; n < 10; n++) expect((await get(key)).status).toBe(200);
    expect((await get(key)).status).toBe(429);
    const fresh = await api.addReplica();
    expect((await api.call('GET', `${fresh}${LIST}`, { key })).status).toBe(429);
    await api.removeReplica();
  });

  it('hold, and say true times, whatever the clocks of the instances say', async () => {
    let asked = 0;
    const skewed = jest
      .spyOn(systemClock, 'now')
      .mockImplementation(() => new Date(Date.now() + (asked++ % 2 === 0 ? 600_000 : -600_000)));
    try {
      const { key } = await api.addTenant({ limits: { requests_per_minute: 30 } });
      const before = Date.now() / 1000;
      const answers = await Promise.all(Array.from({ length: 120 }, (_, n) => get(key, n)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(30);
      for (const { headers } of answers) {
        const reset = Number(headers.get('x-ratelimit-reset'));
        expect(reset).toBeGreaterThan(before + 57);
        expect(reset).toBeLessThan(Date.now() / 1000 + 63);
      }
    } finally {
      skewed.mockRestore();
    }
  });

  it('let a request through after the wait that they name, with the count moved into the past', async () => {
    const { key, organizationId } = await api.addTenant({ limits: { requests_per_minute: 5 } });
    const started = performance.now();
    for (let n = 0; n < 5; n++) await get(key, n);
    const { body } = await get(key);
    const wait = body.retry_after ?? 0;
    expect(wait).toBeGreaterThan(57 - (performance.now() - started) / 1000);
    const age = (by: number) =>
      api.database.runInTransaction({ organizationId }, async (tx) => {
        // Downwards, so that no two rows meet.
        await tx.execute(`UPDATE request_count SET bucket = -bucket WHERE organization_id = $1`, [organizationId]);
        await tx.execute(`UPDATE request_count SET bucket = -bucket - $2 WHERE organization_id = $1`, [
          organizationId,
          by,
        ]);
      });
    const rest = Math.floor(wait / 2);
    const aged = performance.now();
    await age(wait - rest);
    // An instance repeats a refusal for a second before it asks anew.
    await eventually(async () => {
      const { status, body: later } = await get(key);
      expect(status).toBe(429);
      expect(later.retry_after).toBeLessThanOrEqual(rest);
    });
    await age(rest);
    await eventually(async () => expect((await get(key)).status).toBe(200));
    // Not because the rest went by itself.
    expect(performance.now() - aged).toBeLessThan(rest * 1000);
  });

  it('charge no policy when one refuses, nor for what is invalid, refused, or our fault', async () => {
    const { key, organizationId } = await api.addTenant({
      limits: { requests_per_hour: 100, status_checks_per_minute: 3, models: 0 },
    });
    const reader = await api.addKey(organizationId, ['custom_models:read']);
    for (let n = 0; n < 6; n++) await get(key);
    // That something is not there is an answer, and counts.
    expect(statuses([await api.call('POST', `${LIST}/999999/run`, { json: {}, key })])).toEqual([404]);
    expect(statuses([await create(key, {}), await create(key), await create(reader)])).toEqual([400, 402, 403]);
    // The stt service is not there: 503.
    expect(statuses([await api.call('POST', '/api/v3/stt', { json: {}, key })])).toEqual([503]);
    await eventually(async () =>
      expect(await counted(organizationId)).toEqual({ requests_per_hour: 4, status_checks_per_minute: 3 }),
    );
  });

  it('say in the headers of an answer what remains after it', async () => {
    const { key } = await api.addTenant({ limits: { requests_per_hour: 10 } });
    const answers = [await create(key), await create(key, {}), await create(key, { name: ' ' }), await create(key)];
    expect(statuses(answers)).toEqual([201, 400, 400, 201]);
    const remaining = answers.map(({ headers }) => headers.get('x-ratelimit-remaining'));
    expect(remaining).toEqual(['9', '9', '9', '8']);
    for (const { headers } of answers) {
      expect(headers.get('x-ratelimit-limit')).toBe('10');
      expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 + 3500);
      expect(headers.get('ratelimit-policy')).toBe('"requests_per_hour";q=10;w=3600');
    }
  });

  it('name the wait that is enough for all of them, the hourly one of the action too', async () => {
    const { key } = await api.addTenant({ limits: { requests_per_minute: 3, model_creations_per_hour: 2 } });
    expect(statuses([await create(key), await create(key), await get(key)])).toEqual([201, 201, 200]);
    const refused = await create(key);
    expect([refused.status, refused.body.details['policy']]).toEqual([429, 'model_creations_per_hour']);
    expect(refused.body.retry_after).toBeGreaterThan(3500);
    expect(refused.headers.get('ratelimit')).toContain('"requests_per_minute";r=0');
    const look = await get(key);
    expect(look.body.details['policy']).toBe('requests_per_minute');
    expect(look.body.retry_after).toBeLessThanOrEqual(61);
  });

  it.each(routes.map((route) => [route.id, route] as const))('refuse %s like every other', async (_, route) => {
    const { key } = await api.addTenant({ limits: { requests_per_day: 0 } });
    const path = fillPath(route.path, (parameter) => (parameter === 'id' || parameter === 'number' ? 1 : newId()));
    const { status, body } = await api.call(route.method, path, { ...route.body(), key });
    expect([status, body.error_code, body.details['policy']]).toEqual([429, 'RATE_LIMIT_EXCEEDED', 'requests_per_day']);
  });

  it('keep open requests within the plan over all instances, and give a place back when one ends', async () => {
    const { key, organizationId } = await api.addTenant({ limits: { concurrent_requests: 2 } });
    const { id } = await api.createModel({}, key);
    await nobodyInside(organizationId);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const slow = [0, 1].map((n) =>
      api.call('PUT', `${replicas[n] ?? ''}${LIST}/${String(id)}/data`, { ...streamedForm(held), key }),
    );
    await eventually(async () => expect(await placesOf(organizationId)).toEqual([1, 1]));
    for (const n of [0, 1, 2]) {
      const { status, body, headers } = await get(key, n);
      expect([status, body.details]).toEqual([429, { policy: 'concurrent_requests', limit: 2, retry_after: 1 }]);
      expect(headers.get('ratelimit-policy')).toBe('"concurrent_requests";q=2;qu="concurrent-requests"');
      expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual(['2', '0']);
    }
    letGo();
    await Promise.all(slow);
    await nobodyInside(organizationId);
    for (const n of [0, 1, 2, 0, 1, 2]) {
      expect((await get(key, n)).status).toBe(200);
      await nobodyInside(organizationId);
    }
  });
});
