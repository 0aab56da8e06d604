import * as fc from 'fast-check';
import type { ApiModel } from '@attune/contracts';
import { TestApi, type Tenant } from '../../test-support/test-api';

interface Row {
  id: number;
  status: number;
  language: string;
  base_model: string;
}
interface List {
  count: number;
  total_results: number;
  result: ApiModel[];
}

let api: TestApi;
let tenant: Tenant;
let rows: Row[];

/** A list of 3,000 with holes, a wide one too, and other tenants' models between: blocks of every kind and both sizes. */
beforeAll(async () => {
  api = await TestApi.start();
  tenant = await api.addTenant();
  const other = await api.addTenant();
  await api.asOwner(`
    INSERT INTO model (organization_id, name, language, base_model, status)
    SELECT CASE WHEN n % 7 = 0 THEN '${other.organizationId}'::uuid ELSE '${tenant.organizationId}'::uuid END, 'm',
           CASE WHEN n % 5 = 0 THEN 'de' ELSE 'en' END, CASE WHEN n < 2000 THEN 'general' ELSE 'medical' END, 1 + n % 2
      FROM generate_series(1, 3500) n;
    INSERT INTO model (id, organization_id, name, language, base_model, status) OVERRIDING SYSTEM VALUE
    SELECT 200000 + n, '${tenant.organizationId}', 'm', CASE WHEN n % 3 = 0 THEN 'de' ELSE 'en' END, 'medical', 1 + n % 2
      FROM generate_series(1, 400) n;
    UPDATE model SET deleted_at = now() WHERE id % 11 = 0 OR id BETWEEN 1000 AND 1600;
    UPDATE model SET status = 2 WHERE id % 13 = 0;
    DELETE FROM model WHERE id BETWEEN 2000 AND 2010;`);
  rows = await api.database.query<Row>(
    'system',
    `SELECT id, status, language, base_model FROM model WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id DESC`,
    [tenant.organizationId],
  );
});
afterAll(() => api.stop());

const list = async (query: Record<string, string | number>): Promise<List> => {
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return (await api.call<List>('GET', `/api/v3/custom_models?${search.toString()}`, { key: tenant.key })).body;
};

describe('GET /api/v3/custom_models', () => {
  it('answers any page of any filter as counting off one by one would', async () => {
    const filters = fc.record(
      {
        status: fc.constantFrom(1, 2, 3),
        language: fc.constantFrom('en', 'de', 'fr'),
        base_model: fc.constantFrom('general', 'medical'),
      },
      { requiredKeys: [] },
    );
    const page = fc.record({ offset: fc.integer({ min: 0, max: 3100 }), limit: fc.integer({ min: 1, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(filters, page, async (filter, { offset, limit }) => {
        const expected = rows.filter((row) =>
          Object.entries(filter).every(([name, value]) => row[name as keyof Row] === value),
        );
        const answer = await list({ ...filter, offset, limit });
        expect(answer.total_results).toBe(expected.length);
        expect(answer.result.map(({ id }) => id)).toEqual(expected.slice(offset, offset + limit).map(({ id }) => id));
      }),
      { numRuns: 500 },
    );
  }, 600_000);

  it('keeps its counts exact through changes of many at once', async () => {
    const organization = await api.addTenant();
    const ids = [];
    for (let n = 0; n < 12; n++) ids.push((await api.createModel({}, organization.key)).id);
    const move = (id: number, from: number, to: number) =>
      api.database.runInTransaction({ organizationId: organization.organizationId }, (tx) =>
        tx.execute(`UPDATE model SET status = $3 WHERE id = $1 AND status = $2`, [id, from, to]),
      );
    for (let round = 0; round < 5; round++) {
      await Promise.all(ids.map((id, n) => (n % 2 === round % 2 ? move(id, 1, 2) : move(id, 2, 1))));
    }
    const counted = await api.database.query(
      'system',
      `SELECT status, sum(live) AS live FROM model_count WHERE organization_id = $1 AND bits = 8
        GROUP BY status HAVING sum(live) <> 0 ORDER BY status`,
      [organization.organizationId],
    );
    const there = await api.database.query(
      'system',
      `SELECT status, count(*) AS live FROM model WHERE organization_id = $1 GROUP BY status ORDER BY status`,
      [organization.organizationId],
    );
    expect(counted).toEqual(there);
  });
});
