import type { Database, Reconciler } from '@attune/database';
import { isEventName, type EventName, type Service } from '@attune/events';
import type { Logger } from '@attune/observability';
import type { NatsConnection } from '@nats-io/nats-core';
import { Broker } from './broker';
import { ConsumerLoop } from './consumer-loop';
import type { ConsumerDefinition } from './define';
import { checkDurability } from './durability';
import { EventHandler, type Outcome } from './handle';
import { listDeadLetters } from './failed-events';
import { Relay } from './relay';
import { retention, type RetentionSettings } from './retention';
import type { StreamSettings } from './streams';

export interface MessagingSettings {
  service: Service;
  database: Database;
  connection: NatsConnection;
  logger: Logger;
  streams?: StreamSettings;
  retention?: RetentionSettings;
  retryDelaysMs?: readonly number[];
  /** The NATS servers' monitoring (`http://host:8222`, several separated by commas), asked whether they write before they answer. */
  monitorUrl?: string | undefined;
  /** How long the broker waits for a sign of life before it gives an event to somebody else; default 30 s. */
  ackWaitMs?: number;
}

/** All of a service's messaging that runs in the background: relay, consumers, retention. */
export class Messaging {
  private relay: Relay | null = null;
  private broker: Broker | null = null;
  private consumers: readonly ConsumerDefinition[] = [];
  private loops: ConsumerLoop[] = [];
  private readonly retention: Reconciler;

  constructor(private readonly settings: MessagingSettings) {
    this.retention = retention(settings.database, settings.logger, settings.retention);
  }

  /** Resolves when streams and consumers exist and everything runs. Throws when consumers contradict each other or the catalogue. */
  async start(consumers: readonly ConsumerDefinition[]): Promise<void> {
    checkConsumers(consumers);
    this.consumers = consumers;
    const { connection, logger, streams, ackWaitMs, database } = this.settings;
    const broker = await Broker.open(connection, logger, { ...streams, ackWaitMs });
    this.broker = broker;
    this.relay = new Relay({
      database,
      logger,
      publish: (message) => broker.publish(message),
      isConnected: () => broker.isConnected,
    });
    this.relay.start();
    this.retention.start();
    this.loops = this.consumers.flatMap((definition) => this.loopsOf(broker, definition));
    await Promise.all(this.loops.map((loop) => loop.start()));
  }

  /** Takes nothing new and finishes what is in hand: handlers first, then what they left in the outbox. */
  async stop(): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.stop()));
    await Promise.all([this.relay?.stop(), this.retention.stop()]);
  }

  /**
   * For readiness: resolves after a round trip to NATS; rejects while events can neither leave nor arrive, and when the
   * broker may forget what it has acknowledged.
   */
  async check(): Promise<void> {
    if (this.broker?.isConnected !== true) throw new Error('NATS is not connected');
    await this.settings.connection.flush();
    if (this.settings.monitorUrl !== undefined) await checkDurability(this.settings.monitorUrl);
  }

  /**
   * By the broker's clock, when the stream of the CloudEvents was made. Nobody inside the platform would miss what a wiped store has
   * lost of them, so whoever publishes them sends again what was sent before.
   */
  async cloudEventsSince(): Promise<Date> {
    if (!this.broker) throw new Error('messaging has not started');
    return this.broker.cloudEventsSince();
  }

  /** Handles the dead letters of a consumer once more, from their stored copies; answers what became of each. */
  async redrive(consumer: string): Promise<Outcome[]> {
    const definition = this.consumers.find(({ name }) => name === consumer);
    if (!definition) throw new Error(`there is no consumer ${consumer}`);
    const handler = new EventHandler(this.settings.database, definition, this.settings.logger);
    const letters = await this.settings.database.read('system', (tx) => listDeadLetters(tx, consumer));
    const outcomes: Outcome[] = [];
    for (const { subject, body } of letters) {
      outcomes.push(await handler.handle({ subject, body, signal: new AbortController().signal }));
    }
    return outcomes;
  }

  private loopsOf(broker: Broker, definition: ConsumerDefinition): ConsumerLoop[] {
    const { database, logger, retryDelaysMs, ackWaitMs } = this.settings;
    const handler = new EventHandler(database, definition, logger);
    return broker.openersOf(definition).map(
      (open) =>
        new ConsumerLoop({
          name: definition.name,
          handler,
          concurrency: definition.concurrency,
          open,
          logger,
          ...(retryDelaysMs === undefined ? {} : { retryDelaysMs }),
          ...(ackWaitMs === undefined ? {} : { ackWaitMs }),
        }),
    );
  }
}

/** Finds what would lose or duplicate events before anything runs. */
export function checkConsumers(consumers: readonly ConsumerDefinition[]): void {
  const names = new Set<string>();
  const handledBy = new Map<EventName, string>();
  for (const { name, events } of consumers) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`"${name}" is not a consumer's name (a-z, 0-9, dashes)`);
    if (names.has(name)) throw new Error(`there are two consumers named ${name}`);
    names.add(name);
    if (events.length === 0) throw new Error(`consumer ${name} handles no event`);
    for (const event of events) {
      if (!isEventName(event))
        throw new Error(`consumer ${name} handles ${String(event)}, which is not in the catalogue`);
      const other = handledBy.get(event);
      if (other !== undefined) throw new Error(`${event} is handled by both ${other} and ${name}`);
      handledBy.set(event, name);
    }
  }
}
