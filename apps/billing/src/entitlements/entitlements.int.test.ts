import { rm } from 'node:fs/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EventPayload, ReplyOf, RequestOf } from '@attune/events';
import { createHttpApp } from '@attune/http';
import { newId, type Plan } from '@attune/kernel';
import { connectNats, Rpc } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import {
  createTestDatabase,
  eventually,
  startTestNats,
  temporaryDirectory,
  TestPeer,
  type TestDatabase,
  type TestNats,
} from '@attune/testing';
import { AppModule } from '../app.module';
import { migrations } from '../migrations/all';

const HOURS_5 = 5 * 3_600_000;
type Limits = EventPayload<'billing.entitlements-changed.v2'>['limits'];

/** Every plan's limits, as the public contract lists them. */
const contract: Record<Plan, Limits> = {
  free: limits(10, 100, 1_000, 2, 0, 0),
  bronze: limits(30, 500, 5_000, 5, 0, 0),
  silver: limits(60, 2_000, 20_000, 10, 0, 0),
  gold: limits(120, 5_000, 50_000, 20, 5, 2),
  enterprise: limits(null, null, null, null, null, 10),
};

function limits(
  minute: number | null,
  hour: number | null,
  day: number | null,
  concurrent: number | null,
  models: number | null,
  runs: number,
): Limits {
  return {
    requests_per_minute: minute,
    requests_per_hour: hour,
    requests_per_day: day,
    concurrent_requests: concurrent,
    models,
    live_runs: runs,
    model_creations_per_hour: 10,
    training_starts_per_hour: 5,
    status_checks_per_minute: 100,
    data_uploads_per_hour: 50,
  };
}

describe('what an organization may do', () => {
  let nats: TestNats;
  let testDatabase: TestDatabase;
  let directory: string;
  let app: NestFastifyApplication;
  let models: TestPeer;
  let connection: Awaited<ReturnType<typeof connectNats>>;
  let rpc: Rpc;

  beforeAll(async () => {
    [nats, directory] = await Promise.all([startTestNats(), temporaryDirectory('entitlements')]);
    testDatabase = await createTestDatabase({ schema: 'billing', migrations });
    const logger = createLogger('billing', 'silent');
    const env = {
      databaseUrl: testDatabase.url,
      natsUrl: nats.url,
      store: {
        kind: 'filesystem' as const,
        directory,
        signingSecret: 's'.repeat(32),
        publicBaseUrl: 'http://127.0.0.1',
      },
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      billing: { holdSeconds: 900, holdCheckSeconds: 900, statementGraceHours: 24, maxChargesPerDay: 1_000 },
    };
    app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
    await app.init();
    models = await TestPeer.start({
      natsUrl: nats.url,
      service: 'models',
      listensTo: ['billing.entitlements-changed.v2'],
    });
    connection = await connectNats({ url: nats.url, name: 'test', logger });
    rpc = new Rpc(connection, 'models', logger);
  });
  afterAll(async () => {
    await Promise.all([models.stop(), connection.close(), app.close()]);
    await Promise.all([testDatabase.drop(), nats.remove(), rm(directory, { recursive: true })]);
  });

  const saidOf = (organization: string, times = 1) =>
    eventually(() => {
      const said = models
        .receivedOf('billing.entitlements-changed.v2')
        .filter((one) => one.organization_id === organization);
      expect(said).toHaveLength(times);
      return said;
    });
  const agree = (terms: RequestOf<'billing.agree-terms'>): Promise<ReplyOf<'billing.agree-terms'>> =>
    // Of many at once the last waits for all the others.
    rpc.call('billing.agree-terms', terms, { timeoutMs: 25_000 });

  it.each([
    ['free', null, false, HOURS_5],
    ['bronze', null, false, HOURS_5],
    ['silver', null, false, HOURS_5],
    ['gold', null, true, HOURS_5],
    ['enterprise', 60_000, true, 60_000],
  ] as const)(
    'is, for a new one on %s (own minimum %p), what the contract says of the plan',
    async (plan, minimum, mayTrain, minimumMs) => {
      const organization = newId();
      await models.publish('models.organization-created.v2', {
        organization_id: organization,
        plan,
        minimum_training_ms: minimum,
        limits: {},
      });
      expect(await saidOf(organization)).toEqual([
        {
          organization_id: organization,
          plan,
          revision: 1,
          may_train: mayTrain,
          minimum_training_ms: minimumMs,
          limits: contract[plan],
          limit_overrides: {},
        },
      ]);
    },
  );

  it('differs from the plan where that was agreed: another number, or null for unlimited', async () => {
    const organization = newId();
    const agreed = { models: 7, requests_per_minute: null, live_runs: 0 };
    await models.publish('models.organization-created.v2', {
      organization_id: organization,
      plan: 'gold',
      minimum_training_ms: null,
      limits: agreed,
    });
    const [said] = await saidOf(organization);
    expect(said?.limits).toEqual({ ...contract.gold, ...agreed });
    expect(said?.limit_overrides).toEqual(agreed);
  });

  it('is said again when asked again, without a change', async () => {
    const created = { organization_id: newId(), plan: 'gold' as const, minimum_training_ms: null, limits: {} };
    await models.publish('models.organization-created.v2', created);
    await models.publish('models.organization-created.v2', { ...created, plan: 'free' });
    const said = await saidOf(created.organization_id, 2);
    expect(said[1]).toEqual(said[0]);
  });

  it('changes by an agreement: what is not named stays, limits are replaced as a whole, and everybody hears it', async () => {
    const organization_id = newId();
    const first = await agree({ organization_id, plan: 'gold', limits: { models: 9 } });
    expect(first).toMatchObject({ plan: 'gold', revision: 1, limits: { models: 9, live_runs: 2 } });
    const upgraded = await agree({ organization_id, plan: 'enterprise' });
    expect(upgraded).toMatchObject({ plan: 'enterprise', revision: 2, limits: { models: 9, live_runs: 10 } });
    const shorter = await agree({ organization_id, minimum_training_ms: 1_000, limits: { live_runs: 3 } });
    expect(shorter).toMatchObject({ minimum_training_ms: 1_000, limits: { models: null, live_runs: 3 } });
    const plain = await agree({ organization_id, minimum_training_ms: null, limits: {} });
    expect(plain).toMatchObject({ minimum_training_ms: HOURS_5, limits: contract.enterprise, limit_overrides: {} });
    expect(await saidOf(organization_id, 4)).toEqual([first, upgraded, shorter, plain]);
  });

  it('counts every change, also of many at once', async () => {
    const organization_id = newId();
    await agree({ organization_id, plan: 'gold' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, models) => agree({ organization_id, limits: { models } })),
    );
    expect(answers.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 2),
    );
  });

  it('cannot be changed for an organization that nobody knows, unless a plan is named', async () => {
    await expect(agree({ organization_id: newId(), minimum_training_ms: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
