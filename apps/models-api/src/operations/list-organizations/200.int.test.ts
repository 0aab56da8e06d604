import type { ApiOrganization } from '@attune/contracts';
import { asAdmin, createOrganization } from '../../test-support/administration';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

interface List {
  count: number;
  total_results: number;
  result: ApiOrganization[];
}

describe('GET /admin/v1/organizations answers 200', () => {
  it('with every organization on some page, newest first', async () => {
    const made: string[] = [api.tenant.organizationId];
    for (let n = 0; n < 4; n++) made.unshift((await createOrganization(api, { name: String(n) })).id);
    const page = async (number: number) =>
      (await asAdmin<List>(api, 'GET', `/organizations?per_page=2&page=${String(number)}`)).body;
    const pages = [await page(1), await page(2), await page(3), await page(4)];
    expect(pages.map(({ count, total_results }) => [count, total_results])).toEqual([
      [2, 5],
      [2, 5],
      [1, 5],
      [0, 5],
    ]);
    expect(pages.flatMap(({ result }) => result.map(({ id }) => id))).toEqual(made);
  });

  it('shows one that billing has not spoken of: without limits, and not allowed to train', async () => {
    const { organizationId } = await api.addTenant(null);
    const { body } = await asAdmin(api, 'GET', `/organizations/${organizationId}`);
    expect(body).toMatchObject({ may_train: false, limits: null, minimum_training_seconds: null });
  });
});
