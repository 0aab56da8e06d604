import { Database } from '@attune/database';
import type { Service } from '@attune/events';
import type { Logger } from '@attune/observability';
import {
  Global,
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/nats-core';
import type { EventConsumer } from './define';
import { Messaging } from './messaging';
import { connectNats } from './nats';
import { Outbox } from './outbox';
import type { RetentionSettings } from './retention';
import { Rpc } from './rpc';

export interface RpcModuleSettings {
  natsUrl: string;
  service: Service;
  logger: Logger;
}

export interface MessagingModuleSettings extends RpcModuleSettings {
  /** Providers (of any module of the application) that have a consumer definition. */
  consumers?: readonly Type<EventConsumer>[];
  retention?: RetentionSettings;
  /** The NATS servers' monitoring; without it nobody checks that they write before they answer. */
  monitorUrl?: string | undefined;
  /** Of the streams that are made; default 1. */
  replicas?: number | undefined;
  /** How long the broker waits for a sign of life before it gives an event to somebody else; default 30 s. */
  ackWaitMs?: number;
}

const CONNECTION = Symbol('NATS connection');
const SETTINGS = Symbol('messaging settings');

/** Request/reply alone: for a service that keeps no state, hence has neither outbox nor inbox. */
@Global()
@Module({})
export class RpcModule implements OnApplicationShutdown {
  constructor(@Inject(CONNECTION) private readonly connection: NatsConnection) {}

  static forRoot(settings: RpcModuleSettings): DynamicModule {
    return { module: RpcModule, providers: rpcProviders(settings), exports: [Rpc, CONNECTION] };
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.connection.isClosed()) await this.connection.drain();
  }
}

/**
 * Outbox, consumers and request/reply for an application that has a DatabaseModule. Work starts when the whole application
 * is up, and has ended before the database's pool is closed.
 */
@Global()
@Module({})
export class MessagingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(Messaging) private readonly messaging: Messaging,
    @Inject(Rpc) private readonly rpc: Rpc,
    @Inject(SETTINGS) private readonly settings: MessagingModuleSettings,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  static forRoot(settings: MessagingModuleSettings): DynamicModule {
    return {
      module: MessagingModule,
      imports: [RpcModule.forRoot(settings)],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: Outbox, useFactory: () => new Outbox(settings.service) },
        {
          provide: Messaging,
          inject: [Database, CONNECTION],
          useFactory: (database: Database, connection: NatsConnection) =>
            new Messaging({ ...settings, streams: { replicas: settings.replicas ?? 1 }, database, connection }),
        },
      ],
      exports: [Outbox, Messaging],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    const consumers = this.settings.consumers ?? [];
    await this.messaging.start(consumers.map((type) => this.modules.get(type, { strict: false }).definition));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rpc.drain();
    await this.messaging.stop();
  }
}

function rpcProviders(settings: RpcModuleSettings): Provider[] {
  const { natsUrl, service, logger } = settings;
  return [
    { provide: CONNECTION, useFactory: () => connectNats({ url: natsUrl, name: service, logger }) },
    {
      provide: Rpc,
      inject: [CONNECTION],
      useFactory: (connection: NatsConnection) => new Rpc(connection, service, logger),
    },
  ];
}
