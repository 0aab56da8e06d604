import { ManualClock, newId, type OrganizationId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import type { Database } from '@attune/database';
import { entities } from '../entities';
import { migrations } from '../migrations/all';
import { Receiver } from '../test-support/receiver';
import { DeliveryWorker } from './delivery.worker';
import { hostResolver } from './host-resolver';
import { retryDelaysMs, signMessage } from './webhook';
import { WebhookDeliveriesRepository, type ClaimRules } from './webhook-deliveries.repository';
import { WebhookEventsService } from './webhook-events.service';
import { WebhookSender } from './webhook-sender';
import { WebhooksRepository } from './webhooks.repository';
import { WebhooksService } from './webhooks.service';

const SECRETS_KEY = 'k'.repeat(32);
const settings = { allowPrivate: true, dnsServers: [] };
const logger = createLogger('test', 'silent');
const organizationId = newId<OrganizationId>();
const neighbour = newId<OrganizationId>();

let server: TestDatabase;
let database: Database;
let receiver: Receiver;
let clock: ManualClock;
beforeAll(async () => {
  server = await createTestDatabase({ schema: 'models', migrations });
  database = await server.open({ entities });
  receiver = await Receiver.start();
  await database.runInTransaction('system', (tx) =>
    tx.execute(`INSERT INTO organization (id, name, plan) VALUES ($1, 'Test', 'gold'), ($2, 'Neighbour', 'gold')`, [
      organizationId,
      neighbour,
    ]),
  );
});
afterAll(async () => {
  await receiver.stop();
  await server.drop();
});
beforeEach(async () => {
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  receiver.seen.length = 0;
  receiver.answer = (response) => response.writeHead(500).end();
  await database.runInTransaction('system', (tx) => tx.execute('DELETE FROM webhook'));
});

function workerOf(secretsKey = SECRETS_KEY): DeliveryWorker {
  const sender = new WebhookSender({ ...settings, timeoutMs: 60_000, resolve: hostResolver(settings) });
  const deliveries = new WebhookDeliveriesRepository(database);
  return new DeliveryWorker(database, new WebhooksRepository(database), deliveries, sender, clock, logger, secretsKey);
}

function serviceOf(secretsKey = SECRETS_KEY): WebhooksService {
  const deliveries = new WebhookDeliveriesRepository(database);
  const events = new WebhookEventsService(deliveries, clock);
  return new WebhooksService(
    database,
    new WebhooksRepository(database),
    deliveries,
    events,
    clock,
    settings,
    secretsKey,
  );
}

async function hookTo(url: string, pings = 1, owner = organizationId): Promise<string> {
  const { webhook } = await serviceOf().create(owner, { url, events: [], description: null, enabled: true });
  for (let n = 0; n < pings; n += 1) await serviceOf().ping(owner, webhook.id);
  return webhook.id;
}

/** So much time goes by for what is due, and for the clock that messages are dated with. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await database.runInTransaction('system', (tx) =>
    tx.execute(`UPDATE webhook_delivery SET due_at = due_at - $1 * interval '1 ms'`, [ms]),
  );
}

/** How long the webhook's next delivery has to wait. */
async function dueInMs(webhookId: string): Promise<number> {
  const [row] = await database.query<{ ms: number }>(
    'system',
    `SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 * 1000 AS ms FROM webhook_delivery WHERE webhook_id = $1`,
    [webhookId],
  );
  return row?.ms ?? 0;
}

/** One look at what is due, and the ends of what it began. */
async function look(worker: DeliveryWorker): Promise<number> {
  const begun = await worker.begin();
  await worker.settled();
  return begun;
}

const rules: ClaimRules = {
  lostAfterMs: 60_000,
  busy: [],
  underWay: new Map(),
  perWebhook: 4,
  perOrganization: 16,
  limit: 64,
};

const logOf = async (id: string) =>
  (await serviceOf().listDeliveries(organizationId, id, null, { offset: 0, limit: 100 })).deliveries;

describe('a delivery', () => {
  it('is tried ten times on the schedule, under one id, and then given up', async () => {
    const worker = workerOf();
    const id = await hookTo(receiver.url);
    for (const delayMs of retryDelaysMs) {
      const started = performance.now();
      expect(await look(worker)).toBe(1);
      const waitMs = await dueInMs(id);
      expect(waitMs).toBeLessThanOrEqual(delayMs * 1.1);
      // The test itself takes time, too.
      expect(waitMs).toBeGreaterThan(delayMs * 0.9 - (performance.now() - started));
      await pass(waitMs - 30_000);
      expect(await look(worker)).toBe(0);
      await pass(30_000);
    }
    expect(await look(worker)).toBe(1);
    await pass(7 * 24 * 3_600_000);
    expect(await look(worker)).toBe(0);
    expect(receiver.seen).toHaveLength(10);
    expect(new Set(receiver.seen.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.seen.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10);
    expect(await logOf(id)).toMatchObject([{ state: 'failed', attempts: 10, responseStatus: 500 }]);
  });

  it('ends with the first success', async () => {
    const worker = workerOf();
    const id = await hookTo(receiver.url);
    await look(worker);
    receiver.answer = (response) => response.writeHead(202).end();
    await pass(6000);
    expect([await look(worker), await look(worker)]).toEqual([1, 0]);
    expect(await logOf(id)).toMatchObject([{ state: 'delivered', attempts: 2, responseStatus: 202, error: null }]);
  });

  it.each([301, 307, 404, 429, 503])('counts %d as a failure', async (status) => {
    receiver.answer = (response) => response.writeHead(status, { location: receiver.url }).end();
    const id = await hookTo(receiver.url);
    await look(workerOf());
    expect(await logOf(id)).toMatchObject([{ state: 'pending', attempts: 1, responseStatus: status }]);
    expect(receiver.seen).toHaveLength(1);
  });

  it('turns its webhook off when the receiver says 410, until its owner turns it on', async () => {
    receiver.answer = (response) => response.writeHead(410).end();
    const worker = workerOf();
    const id = await hookTo(receiver.url);
    await look(worker);
    const off = await serviceOf().get(organizationId, id);
    expect([off.enabled, off.disabledReason]).toEqual([false, 'the receiver answered 410 Gone']);
    await serviceOf().ping(organizationId, id);
    expect(await look(worker)).toBe(0);
    const on = await serviceOf().change(organizationId, id, { enabled: true });
    expect([on.enabled, on.disabledReason]).toEqual([true, null]);
    expect(await look(worker)).toBe(1);
  });

  it('whose secret does not open any more fails on its schedule and says why, until the secret is rotated', async () => {
    receiver.answer = (response) => response.writeHead(204).end();
    const otherKey = 'o'.repeat(32);
    const worker = workerOf(otherKey);
    const id = await hookTo(receiver.url);
    await look(worker);
    const error = 'the secret cannot be read any more: rotate it';
    expect(await logOf(id)).toMatchObject([{ state: 'pending', attempts: 1, responseStatus: null, error }]);
    expect(receiver.seen).toEqual([]);
    const { secret } = await serviceOf(otherKey).rotateSecret(organizationId, id);
    await pass(6000);
    await look(worker);
    expect(await logOf(id)).toMatchObject([{ state: 'delivered', attempts: 2, error: null }]);
    expect(receiver.seen).toHaveLength(1);
    for (const { headers, body } of receiver.seen) {
      const message = {
        id: String(headers['webhook-id']),
        timestampSeconds: Number(headers['webhook-timestamp']),
        body,
      };
      expect(headers['webhook-signature']).toBe(signMessage(message, [secret]));
    }
  });

  it('that was claimed and of which nothing was heard is due again after a minute, not before', async () => {
    receiver.answer = (response) => response.writeHead(204).end();
    const id = await hookTo(receiver.url);
    const deliveries = new WebhookDeliveriesRepository(database);
    const claimed = await database.runInTransaction('system', (tx) => deliveries.claim(tx, rules));
    expect(claimed).toHaveLength(1);
    // Whatever the clocks of processes say.
    clock.advance(3_600_000);
    expect(await look(workerOf())).toBe(0);
    await pass(50_000);
    expect(await look(workerOf())).toBe(0);
    await pass(10_000);
    expect(await look(workerOf())).toBe(1);
    expect(await logOf(id)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  });

  it('is taken before those that have waited less, when not all can be', async () => {
    const [old, older] = [await hookTo(receiver.url), await hookTo(receiver.url, 1, neighbour)];
    await database.runInTransaction('system', (tx) =>
      tx.execute(`UPDATE webhook_delivery SET due_at = due_at - interval '1 hour' WHERE webhook_id = $1`, [older]),
    );
    const deliveries = new WebhookDeliveriesRepository(database);
    const taken: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const claimed = await database.runInTransaction('system', (tx) => deliveries.claim(tx, { ...rules, limit: 1 }));
      taken.push(...claimed.map(({ webhookId }) => webhookId));
    }
    expect(taken).toEqual([older, old]);
  });

  it('is made by one of several workers', async () => {
    receiver.answer = (response) => response.writeHead(204).end();
    await hookTo(receiver.url, 40);
    const workers = [workerOf(), workerOf(), workerOf()];
    for (let n = 0; n < 20; n += 1) await Promise.all(workers.map(look));
    expect(new Set(receiver.seen.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
    expect(receiver.seen).toHaveLength(40);
  });
});

describe('a receiver that is slow or dead', () => {
  it('has four attempts under way at most, and holds up nobody else', async () => {
    const slow = await Receiver.start();
    slow.answer = () => undefined;
    await hookTo(slow.url, 100);
    receiver.answer = (response) => response.writeHead(204).end();
    // Longer than this test: whatever is delivered is delivered while the slow ones are waited for.
    const worker = workerOf();
    expect(await worker.begin()).toBe(4);
    await hookTo(receiver.url, 20);
    await eventually(async () => {
      await worker.begin();
      expect(receiver.seen).toHaveLength(20);
    });
    await eventually(() => expect(slow.seen).toHaveLength(4));
    await slow.stop();
    await worker.settled();
  });

  it('is its owner’s alone to bear: twenty of them keep nobody else’s messages waiting', async () => {
    const slow = await Receiver.start();
    slow.answer = () => undefined;
    for (let n = 0; n < 20; n += 1) await hookTo(slow.url, 4, neighbour);
    receiver.answer = (response) => response.writeHead(204).end();
    // Longer than this test: whatever is delivered is delivered while the slow ones are waited for.
    const worker = workerOf();
    expect(await worker.begin()).toBe(16);
    expect(await worker.begin()).toBe(0);
    await hookTo(receiver.url, 20);
    await eventually(async () => {
      await worker.begin();
      expect(receiver.seen).toHaveLength(20);
    });
    await eventually(() => expect(slow.seen).toHaveLength(16));
    await slow.stop();
    await worker.settled();
  });

  it('is counted with what its owner has under way already', async () => {
    const slow = await Receiver.start();
    slow.answer = () => undefined;
    // Longer than this test: nothing ends meanwhile.
    const worker = workerOf();
    for (let n = 0; n < 5; n += 1) await hookTo(slow.url, 3, neighbour);
    expect(await worker.begin()).toBe(15);
    for (let n = 0; n < 5; n += 1) await hookTo(slow.url, 3, neighbour);
    expect(await worker.begin()).toBe(1);
    await eventually(() => expect(slow.seen).toHaveLength(16));
    await slow.stop();
    await worker.settled();
  });
});
