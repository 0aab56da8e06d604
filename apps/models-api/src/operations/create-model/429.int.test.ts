import { TestApi, type Tenant } from '../../test-support/test-api';

let api: TestApi;
let replicas: string[];
beforeAll(async () => {
  api = await TestApi.start();
  replicas = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

const create = ({ key }: Tenant, json: unknown = { name: 'x', language: 'en' }, at = api.url) =>
  api.call('POST', `${at}/api/v3/custom_models`, { json, key });
const tenPerHour = () => api.addTenant({ limits: { model_creations_per_hour: 10 } });
/** The seconds since it was asked for. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}
/** Lets time pass for the organization's log alone. */
const age = (tenant: Tenant, seconds: number) =>
  api.database.runInTransaction({ organizationId: tenant.organizationId }, (tx) =>
    tx.execute(`UPDATE rate_log SET at = at - make_interval(secs => $2) WHERE organization_id = $1`, [
      tenant.organizationId,
      seconds,
    ]),
  );

describe('POST /api/v3/custom_models answers 429', () => {
  it('after ten within the hour, names the limit, and says how long to wait', async () => {
    const tenant = await tenPerHour();
    const seconds = stopwatch();
    for (let n = 0; n < 10; n++) expect((await create(tenant)).status).toBe(201);
    const { status, body, headers } = await create(tenant);
    expect([status, body.error_code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
    expect(body.details).toMatchObject({ policy: 'model_creations_per_hour', limit: 10, window_seconds: 3600 });
    expect(body.retry_after).toBeGreaterThan(3598 - seconds());
    expect(body.retry_after).toBeLessThanOrEqual(3600);
    expect(headers.get('retry-after')).toBe(String(body.retry_after));
  });

  it('to all but ten of 60 at once on three instances', async () => {
    const tenant = await tenPerHour();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => create(tenant, { name: 'x', language: 'en' }, replicas[n % 3])),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(50);
  });

  it('in any sixty minutes, not in those of the clock: what was made is counted until an hour has passed', async () => {
    const tenant = await tenPerHour();
    const seconds = stopwatch();
    for (let n = 0; n < 5; n++) await create(tenant);
    await age(tenant, 3000);
    for (let n = 0; n < 5; n++) await create(tenant);
    const refused = await create(tenant);
    expect(refused.status).toBe(429);
    const wait = refused.body.retry_after ?? 0;
    expect(wait).toBeGreaterThan(598 - seconds());
    await age(tenant, wait - 30);
    expect((await create(tenant)).status).toBe(429);
    await age(tenant, 30);
    expect((await create(tenant)).status).toBe(201);
    // The other four are younger by what making them took.
    await age(tenant, 60);
    const after = [];
    for (let n = 0; n < 5; n++) after.push((await create(tenant)).status);
    expect(after).toEqual([201, 201, 201, 201, 429]);
  });

  it('to what was allowed only: refused and invalid calls cost nothing', async () => {
    const tenant = await api.addTenant({ limits: { model_creations_per_hour: 2, models: 1 } });
    expect((await create(tenant, { name: ' ', language: 'en' })).status).toBe(400);
    expect((await create(tenant, { name: 'x', language: 'de' })).status).toBe(400);
    const { status, body } = await create(tenant);
    expect(status).toBe(201);
    for (let n = 0; n < 5; n++) expect((await create(tenant)).status).toBe(402);
    await api.call('DELETE', `/api/v3/custom_models/${String((body as unknown as { id: number }).id)}`, tenant);
    expect((await create(tenant)).status).toBe(201);
  });

  it('once for all requests with one Idempotency-Key', async () => {
    const tenant = await api.addTenant({ limits: { model_creations_per_hour: 2 } });
    const json = { name: 'x', language: 'en' };
    const retried = (n: number) =>
      api.call('POST', `${replicas[n] ?? ''}/api/v3/custom_models`, {
        ...tenant,
        json,
        headers: { 'idempotency-key': 'the same' },
      });
    for (const n of [0, 1, 2]) expect((await retried(n)).status).toBe(201);
    expect((await create(tenant)).status).toBe(201);
    expect((await create(tenant)).status).toBe(429);
    expect((await retried(0)).status).toBe(201);
  });

  it('not for what was rolled back', async () => {
    const tenant = await api.addTenant({ limits: { model_creations_per_hour: 1 } });
    const trigger = `refuse_${tenant.organizationId.replaceAll('-', '')}`;
    await api.asOwner(`CREATE FUNCTION ${trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE CONSTRAINT TRIGGER ${trigger} AFTER INSERT ON model DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.organization_id = '${tenant.organizationId}') EXECUTE FUNCTION ${trigger}();`);
    expect((await create(tenant)).status).toBe(500);
    await api.asOwner(`DROP TRIGGER ${trigger} ON model`);
    expect((await create(tenant)).status).toBe(201);
    expect((await create(tenant)).status).toBe(429);
  });
});
