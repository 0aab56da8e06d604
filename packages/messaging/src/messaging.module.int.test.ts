import { Database, DatabaseModule } from '@attune/database';
import { eventually } from '@attune/testing';
import { Inject, Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { defineConsumer, type EventConsumer } from './define';
import { Messaging } from './messaging';
import { MessagingModule, RpcModule } from './messaging.module';
import { Outbox } from './outbox';
import { Rpc } from './rpc';
import { leaveEffect } from './test-support/consumers';
import { deleted, organizationId } from './test-support/events';
import { Fixture, logger } from './test-support/fixture';

const CONSUMER = 'module-test';
const PATIENCE = { timeoutMs: 25_000 };
const digest = `sha256:${'0'.repeat(64)}`;

@Injectable()
class Effects {
  readonly leave = leaveEffect;
}

@Injectable()
class DeletionsConsumer implements EventConsumer {
  readonly definition = defineConsumer({
    name: CONSUMER,
    handlers: { 'models.model-deleted.v1': (event, tx) => this.effects.leave(tx, CONSUMER, event) },
  });

  constructor(@Inject(Effects) private readonly effects: Effects) {}
}

@Module({ providers: [Effects, DeletionsConsumer] })
class FeatureModule {}

@Module({})
class AppModule {}

describe('MessagingModule', () => {
  let fixture: Fixture;
  let app: INestApplicationContext;

  beforeAll(async () => {
    fixture = await Fixture.create();
  });
  afterAll(() => fixture.remove());

  const boot = (): Promise<INestApplicationContext> =>
    NestFactory.createApplicationContext(
      {
        module: AppModule,
        imports: [
          DatabaseModule.forRoot({ url: fixture.server.url, schema: 'messages', applicationName: 'models' }),
          MessagingModule.forRoot({
            natsUrl: fixture.nats.url,
            service: 'models',
            logger,
            consumers: [DeletionsConsumer],
          }),
          FeatureModule,
        ],
      },
      { logger: false, abortOnError: false },
    );

  it('feeds the consumers that an application provides, and stops in an order that loses nothing', async () => {
    app = await boot();
    await expect(app.get(Messaging).check()).resolves.toBeUndefined();
    const outbox = app.get(Outbox);
    await app.get(Database).runInTransaction({ organizationId }, async (tx) => {
      for (const n of [1, 2, 3]) await outbox.add(tx, 'models.model-deleted.v1', deleted(n), { aggregateId: n });
    });
    await eventually(async () => expect((await fixture.effects(CONSUMER)).sort()).toEqual([1, 2, 3]));
    await app.close();
    expect(await fixture.count('outbox', 'sent_at IS NULL')).toBe(0);
  });

  it('is not ready while NATS is away, and ready again afterwards', async () => {
    app = await boot();
    await fixture.nats.crash();
    await eventually(() => expect(app.get(Messaging).check()).rejects.toThrow('NATS is not connected'), PATIENCE);
    await fixture.nats.start();
    await eventually(() => expect(app.get(Messaging).check()).resolves.toBeUndefined(), PATIENCE);
    await app.close();
  });

  it('serves a service without a database with request/reply alone', async () => {
    app = await boot();
    app
      .get(Rpc)
      .serve('models.resolve-base', (request) =>
        Promise.resolve({ engine: 'whisper', languages: ['en'], digest: request.digest, files: [] }),
      );
    const stateless = await NestFactory.createApplicationContext(
      RpcModule.forRoot({ natsUrl: fixture.nats.url, service: 'stt', logger }),
      { logger: false },
    );
    await eventually(async () => {
      expect(await stateless.get(Rpc).call('models.resolve-base', { digest })).toMatchObject({ digest });
    });
    await stateless.close();
    await app.close();
  });
});
