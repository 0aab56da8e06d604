import { TestPostgres } from '@attune/testing';
import { TestApi } from '../test-support/test-api';
import { trainableModel } from '../test-support/uploading';

let postgres: TestPostgres;
let api: TestApi;
beforeAll(async () => {
  postgres = await TestPostgres.create();
  api = await TestApi.start({}, postgres.url);
});
afterAll(async () => {
  await api.stop();
  await postgres.remove();
});

const LIST = '/api/v3/custom_models';
const limits = { requests_per_hour: 50, status_checks_per_minute: 4 };

/** While the count of requests cannot be asked: whoever wants its table waits for the end of this transaction. */
async function withoutCount(work: () => Promise<void>): Promise<void> {
  await api.database.runInTransaction('system', async (tx) => {
    await tx.execute('LOCK TABLE request_count IN ACCESS EXCLUSIVE MODE');
    await work();
  });
}

describe('when requests cannot be counted by all', () => {
  it('looks are served, and counted by the instance alone', async () => {
    const { key } = await api.addTenant({ limits });
    expect((await api.call('GET', LIST, { key })).status).toBe(200);
    await withoutCount(async () => {
      const answers = [];
      for (let n = 0; n < 6; n++) answers.push(await api.call('GET', LIST, { key }));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
      expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('4');
      expect(answers[5]?.body.details).toMatchObject({ policy: 'status_checks_per_minute' });
    });
  });

  it('nothing that costs money is: starts and creates answer 503 with a wait, and then go through', async () => {
    const { key } = await api.addTenant({ limits });
    const id = await trainableModel(api, key);
    const start = () => api.call('POST', `${LIST}/${String(id)}/run`, { json: {}, key });
    await withoutCount(async () => {
      const create = api.call('POST', LIST, { json: { name: 'x', language: 'en' }, key });
      for (const { status, body, headers } of [await start(), await create]) {
        expect([status, body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
    });
    expect(await api.database.query('system', 'SELECT 1 FROM run WHERE model_id = $1', [id])).toHaveLength(0);
    expect((await start()).status).toBe(200);
  });
});

describe('when PostgreSQL is away', () => {
  it('a start answers 503 with a wait and leaves nothing, and goes through when it is back', async () => {
    const { key } = await api.addTenant({ limits });
    const id = await trainableModel(api, key);
    const start = () => api.call('POST', `${LIST}/${String(id)}/run`, { json: {}, key });
    await postgres.stop();
    const { status, body, headers } = await start();
    expect([status, body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await postgres.start();
    expect((await start()).status).toBe(200);
  });
});
