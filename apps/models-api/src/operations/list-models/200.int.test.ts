import type { ApiModel } from '@attune/contracts';
import { TestApi, type Tenant } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

interface List {
  count: number;
  total_results: number;
  result: ApiModel[];
}

let api: TestApi;
let tenant: Tenant;
const ids: number[] = [];

beforeAll(async () => {
  api = await TestApi.start();
  tenant = await api.addTenant();
  for (let n = 0; n < 30; n++) {
    const base = n % 3 === 0 ? 'medical' : 'general';
    ids.unshift((await api.createModel({ name: `model ${String(n)}`, base_model: base }, tenant.key)).id);
  }
});
afterAll(() => api.stop());

const list = async (query = '', key = tenant.key): Promise<List> => {
  const answer = await api.call<List>('GET', `/api/v3/custom_models${query}`, { key });
  expect(answer.status).toBe(200);
  return answer.body;
};
const idsOf = ({ result }: List): number[] => result.map(({ id }) => id);

describe('GET /api/v3/custom_models answers 200', () => {
  it('with 25 models, newest first, and the count of all', async () => {
    const first = await list();
    expect(first).toMatchObject({ count: 25, total_results: 30 });
    expect(idsOf(first)).toEqual(ids.slice(0, 25));
  });

  it('with pages by page and per_page, and by offset and limit', async () => {
    expect(idsOf(await list('?page=2&per_page=7'))).toEqual(ids.slice(7, 14));
    expect(idsOf(await list('?offset=7&limit=7'))).toEqual(ids.slice(7, 14));
    expect(await list('?page=9')).toEqual({ count: 0, total_results: 30, result: [] });
  });

  it('with the models that a filter names', async () => {
    expect((await list('?base_model=medical')).total_results).toBe(10);
    expect((await list('?language=en&status=1&per_page=100')).count).toBe(30);
    expect((await list('?language=de')).total_results).toBe(0);
    const ready = await trainableModel(api, tenant.key);
    expect(idsOf(await list('?status=2'))).toEqual([ready]);
  });

  it('without models of others', async () => {
    expect((await list('', api.tenant.key)).total_results).toBe(0);
  });
});

describe('GET /api/v3/custom_models answers 400', () => {
  it.each(['page=0', 'per_page=101', 'status=6', 'base_model=huge', 'limit=-1', 'offset=x'])(
    'for %s',
    async (query) => {
      const { status, body } = await api.call('GET', `/api/v3/custom_models?${query}`);
      expect(status).toBe(400);
      expect(Object.keys(body.details)).toEqual([query.split('=')[0]]);
    },
  );
});
