import { toNamedLimits, unlimited } from '@attune/kernel';
import type { ApiModel } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { TestApi, type Tenant } from '../../test-support/test-api';

let api: TestApi;
let replicas: string[];
beforeAll(async () => {
  api = await TestApi.start();
  replicas = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

/** Of each instance (see createDataSource). */
const POOL_SIZE = 10;
const PATH = '/api/v3/custom_models';
const create = (key: string, at = api.url) =>
  api.call<ApiModel>('POST', `${at}${PATH}`, { json: { name: 'x', language: 'en' }, key });
const gold = (models: number | null = 5) => ({
  plan: 'gold' as const,
  limits: { ...toNamedLimits(unlimited), models },
});
const liveModels = async ({ organizationId }: Tenant): Promise<number> => {
  const rows = await api.database.query<{ n: number }>(
    { organizationId },
    'SELECT count(*) AS n FROM model WHERE organization_id = $1 AND deleted_at IS NULL',
    [organizationId],
  );
  return rows[0]?.n ?? -1;
};
/** So many connections of the instances wait for what somebody else holds. */
const waitingForLocks = (count: number) =>
  eventually(async () => {
    const waiting = await api.database.query(
      'system',
      `SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database() AND application_name = 'models-api'`,
    );
    expect(waiting).toHaveLength(count);
  });
const remove = (id: number, key: string) => api.call('DELETE', `${PATH}/${String(id)}`, { key });
async function withModels(count: number, entitlements = gold()): Promise<Tenant & { ids: number[] }> {
  const tenant = await api.addTenant(entitlements);
  const ids: number[] = [];
  for (let n = 0; n < count; n++) ids.push((await api.createModel({}, tenant.key)).id);
  return { ...tenant, ids };
}

describe('POST /api/v3/custom_models answers 402', () => {
  it('MODEL_LIMIT_EXCEEDED when the plan has no room, until a model is deleted', async () => {
    const tenant = await withModels(5);
    const refused = await api.call('POST', PATH, { json: { name: 'x', language: 'en' }, key: tenant.key });
    expect([refused.status, refused.body.error_code]).toEqual([402, 'MODEL_LIMIT_EXCEEDED']);
    expect(refused.body.details).toEqual({ plan: 'gold', limit: 5, used: 5 });
    await remove(tenant.ids[0] ?? 0, tenant.key);
    expect((await create(tenant.key)).status).toBe(201);
    expect((await create(tenant.key)).status).toBe(402);
  });

  it('PLAN_UPGRADE_REQUIRED when the plan has no models at all', async () => {
    const { key } = await api.addTenant({ plan: 'silver', may_train: false, limits: { models: 0 } });
    const { status, body } = await api.call('POST', PATH, { json: { name: 'x', language: 'en' }, key });
    expect([status, body.error_code, body.details]).toEqual([
      402,
      'PLAN_UPGRADE_REQUIRED',
      { plan: 'silver', limit: 0 },
    ]);
  });

  it('to all but one of 50 at once on three instances, with four of five models there', async () => {
    const tenant = await withModels(4);
    let sending: Promise<{ status: number }[]> = Promise.resolve([]);
    // Who counted already waits here for the count's rows: all that would count too early have done so by then.
    await api.database.runInTransaction({ organizationId: tenant.organizationId }, async (tx) => {
      await tx.query('SELECT FROM model_count WHERE organization_id = $1 FOR UPDATE', [tenant.organizationId]);
      sending = Promise.all(Array.from({ length: 50 }, (_, n) => create(tenant.key, replicas[n % 3])));
      // More do not fit into the pools of three instances.
      await waitingForLocks(3 * POOL_SIZE);
    });
    const answers = await sending;
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(49);
    expect(await liveModels(tenant)).toBe(5);
  });

  it('so that creates and deletes at once on three instances never leave more than five', async () => {
    const tenant = await withModels(5);
    let most = 0;
    const done = new AbortController();
    const watch = (async () => {
      while (!done.signal.aborted) most = Math.max(most, await liveModels(tenant));
    })();
    const ids = [...tenant.ids];
    const workers = replicas.flatMap((at) =>
      Array.from({ length: 2 }, async () => {
        for (let n = 0; n < 12; n++) {
          const id = n % 2 === 0 ? ids.pop() : undefined;
          if (id !== undefined) await remove(id, tenant.key);
          const made = await create(tenant.key, at);
          if (made.status === 201) ids.push(made.body.id);
        }
      }),
    );
    await Promise.all(workers);
    done.abort();
    await watch;
    expect(most).toBeLessThanOrEqual(5);
    expect(await liveModels(tenant)).toBe(5);
  });

  it('from the very commit of a smaller plan on, and leaves what is there readable', async () => {
    const tenant = await withModels(7, { ...gold(null), plan: 'gold' });
    // The plan's change holds the organization; creates that are on their way wait for it and see it.
    let waiting: Promise<{ status: number }[]> | undefined;
    await api.database.runInTransaction({ organizationId: tenant.organizationId }, async (tx) => {
      await tx.execute(`UPDATE organization SET limits = $2, entitlements_revision = 9 WHERE id = $1`, [
        tenant.organizationId,
        JSON.stringify(gold(5).limits),
      ]);
      waiting = Promise.all(Array.from({ length: 6 }, (_, n) => create(tenant.key, replicas[n % 3])));
      await waitingForLocks(6);
    });
    expect((await waiting)?.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 402));
    expect(await liveModels(tenant)).toBe(7);
    for (const id of tenant.ids) expect((await api.getModel(id, tenant.key)).id).toBe(id);
  });

  it('never to an organization without a limit', async () => {
    const tenant = await api.addTenant(gold(null));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => create(tenant.key, replicas[n % 3])));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
  });
});
