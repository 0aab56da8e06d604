import { TestApi } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

let api: TestApi;
let replicas: string[];
beforeAll(async () => {
  api = await TestApi.start();
  replicas = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

const run = (id: number, key: string, at = api.url) =>
  api.call('POST', `${at}/api/v3/custom_models/${String(id)}/run`, { json: {}, key });

describe('POST /api/v3/custom_models/{id}/run answers 429', () => {
  it('to all but five of eight models at once on three instances, and leaves nothing of the others', async () => {
    const { organizationId, key } = await api.addTenant({ limits: { training_starts_per_hour: 5 } });
    const ids = [];
    for (let n = 0; n < 8; n++) ids.push(await trainableModel(api, key));
    const answers = await Promise.all(ids.map((id, n) => run(id, key, replicas[n % 3])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429)?.body;
    expect(refused?.details).toMatchObject({ policy: 'training_starts_per_hour', limit: 5 });
    const runs = await api.database.query('system', 'SELECT 1 FROM run WHERE organization_id = $1', [organizationId]);
    expect(runs).toHaveLength(5);
    const snapshots = (await api.storedKeys()).filter((stored) => stored.includes(organizationId));
    expect(snapshots.filter((stored) => stored.includes('/runs/'))).toHaveLength(5);
  });

  it('not for starts that were refused for another reason', async () => {
    const { key } = await api.addTenant({ limits: { training_starts_per_hour: 1 } });
    const { id: empty } = await api.createModel({}, key);
    for (let n = 0; n < 3; n++) expect((await run(empty, key)).status).toBe(409);
    expect((await run(99_999_999, key)).status).toBe(404);
    expect((await run(await trainableModel(api, key), key)).status).toBe(200);
  });
});
