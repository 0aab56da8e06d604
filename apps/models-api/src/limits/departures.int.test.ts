import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '@attune/testing';
import { TestApi, type Tenant } from '../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const LIST = '/api/v3/custom_models';

/** One connection that asks so many times without waiting for an answer. `gone` is when the service has seen it end. */
async function ask({ key }: Tenant, times: number): Promise<{ client: Socket; gone: Promise<unknown> }> {
  const { hostname, port } = new URL(api.url);
  const accepted = once(api.app.getHttpServer(), 'connection') as Promise<[Socket]>;
  const client = connect(Number(port), hostname);
  client.write(`GET ${LIST} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`.repeat(times));
  const [served] = await accepted;
  return { client, gone: once(served, 'close') };
}

/** While nobody is admitted of the organization: whoever asks for a permit waits until `work` is done. */
async function withoutPermits({ organizationId }: Tenant, work: () => Promise<void>): Promise<void> {
  await api.database.runInTransaction('system', async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.requests.' || $1, 0))`, [organizationId]);
    await work();
  });
}

describe('a client that leaves while it is being admitted', () => {
  it.each([
    ['alone on its connection', 1],
    ['with a second request behind the first', 2],
  ])('keeps no place among the open requests: %s', async (_, times) => {
    const tenant = await api.addTenant({ limits: { concurrent_requests: times } });
    await withoutPermits(tenant, async () => {
      const { client, gone } = await ask(tenant, times);
      await eventually(async () => {
        const waiting = await api.database.query(
          'system',
          `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND NOT granted AND query LIKE '%take_permits%' AND datname = current_database()`,
        );
        expect(waiting).toHaveLength(1);
      });
      client.destroy();
      await gone;
    });
    await eventually(async () => {
      const looks = await Promise.all(Array.from({ length: times }, () => api.call('GET', LIST, { key: tenant.key })));
      expect(looks.map(({ status }) => status)).toEqual(Array.from({ length: times }, () => 200));
    });
  });
});
