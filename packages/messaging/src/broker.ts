import { isCloudEventType, type EventName } from '@attune/events';
import type { Logger } from '@attune/observability';
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  jetstream,
  jetstreamManager,
  type Consumer,
  type ConsumerConfig,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { headers, nanos, type NatsConnection } from '@nats-io/nats-core';
import { ACK_WAIT_MS } from './consumer-loop';
import type { ConsumerDefinition } from './define';
import type { OutboxMessage } from './relay';
import { ensureStreams, isApiError, type StreamSettings } from './streams';
import { CLOUD_EVENT_STREAM, durableOf, eventSubject, streamOfEvent, subjectOf } from './subjects';

const PUBLISH_TIMEOUT_MS = 5_000;
/** So that one instance's lanes cannot use up what the server hands out to all instances together. */
const PENDING_PER_LANE = 8;
const CONSUMER_EXISTS = 10_148;

type Config = Partial<ConsumerConfig> & { durable_name: string };

export interface BrokerSettings extends StreamSettings {
  /** Of the consumers; default ACK_WAIT_MS. */
  ackWaitMs?: number | undefined;
}

/** JetStream as messaging uses it: streams and consumers that come back when they are gone, and stored publishes. */
export class Broker {
  private readonly client: JetStreamClient;
  private disconnected = false;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly settings: BrokerSettings,
  ) {
    this.client = jetstream(connection);
    void this.followStatus();
  }

  /** Makes the streams; waits for JetStream as the connection waited for NATS. */
  static async open(connection: NatsConnection, logger: Logger, settings: BrokerSettings = {}): Promise<Broker> {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await ensureStreams(manager, settings);
    logger.debug('streams are there');
    return new Broker(connection, manager, settings);
  }

  get isConnected(): boolean {
    return !this.disconnected && !this.connection.isClosed();
  }

  /** Resolves when the stream has stored the message; makes the streams anew when this one is gone. */
  async publish(message: OutboxMessage): Promise<void> {
    const extra = headers();
    extra.set('Attune-Aggregate', encodeURIComponent(message.aggregateId));
    // By the CloudEvents binding for NATS: the whole event is the message.
    if (isCloudEventType(message.eventName)) extra.set('content-type', 'application/cloudevents+json');
    try {
      await this.client.publish(subjectOf(message.eventName), message.envelope, {
        msgID: message.id,
        timeout: PUBLISH_TIMEOUT_MS,
        headers: extra,
      });
    } catch (error) {
      if (this.isConnected) await ensureStreams(this.manager, this.settings);
      throw error;
    }
  }

  /** When the stream of the CloudEvents was made: whatever was sent before lies in one that is gone. */
  async cloudEventsSince(): Promise<Date> {
    await ensureStreams(this.manager, this.settings);
    return new Date((await this.manager.streams.info(CLOUD_EVENT_STREAM)).created);
  }

  /**
   * The durable consumers that a definition needs: one for each of its events. So replicas of two releases share the places of what both
   * handle, and neither moves or narrows a place of the other (decision 0043).
   */
  openersOf(definition: ConsumerDefinition): (() => Promise<Consumer>)[] {
    return definition.events.map((event) => () => this.openConsumer(definition, event));
  }

  private async openConsumer(definition: ConsumerDefinition, event: EventName): Promise<Consumer> {
    const stream = streamOfEvent(event);
    const durable = durableOf(definition.name, event);
    const config: Config = {
      durable_name: durable,
      filter_subject: eventSubject(event),
      ack_policy: AckPolicy.Explicit,
      // What was told before the first replica that handles it has come: its publisher may be upgraded first.
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(this.settings.ackWaitMs ?? ACK_WAIT_MS),
      // Attempts are counted in PostgreSQL: the broker would count outages too, then forget the event silently.
      max_deliver: -1,
      max_ack_pending: definition.concurrency * PENDING_PER_LANE,
    };
    await ensureStreams(this.manager, this.settings);
    try {
      await this.manager.consumers.info(stream, durable);
      await this.manager.consumers.update(stream, durable, config);
    } catch (error) {
      if (!isApiError(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
      await this.addConsumer(stream, config);
    }
    return this.client.consumers.get(stream, durable);
  }

  private async addConsumer(stream: string, config: Config): Promise<void> {
    try {
      await this.manager.consumers.add(stream, config);
    } catch (error) {
      // Another replica was faster, of a release with other settings.
      if (!isApiError(error, CONSUMER_EXISTS)) throw error;
    }
  }

  private async followStatus(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.disconnected = true;
      if (type === 'reconnect') this.disconnected = false;
    }
  }
}
