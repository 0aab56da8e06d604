import { createHash } from 'node:crypto';
import type { Tx } from '@attune/database';
import {
  cloudEventSchemas,
  eventSchemas,
  ownerOf,
  type CloudEvent,
  type CloudEventData,
  type CloudEventType,
  type Event,
  type EventName,
  type EventPayload,
  type Service,
} from '@attune/events';
import { newId, systemClock, type Clock } from '@attune/kernel';

export interface AddOptions {
  /** What the event is about. Events of one aggregate leave in the order in which they were added. */
  aggregateId: string | number;
  /** Default: the transaction's organization. A system transaction has to name it. */
  organizationId?: string;
  /**
   * Makes the event's id a function of (name, aggregate, key): adding it again sends the same event again instead of a
   * second one, and whoever handled it already drops it. For reconcilers that derive events from state.
   */
  key?: string;
}

/** Which events to send again; at least one of the fields. */
export interface RepublishFilter {
  name?: EventName | CloudEventType;
  aggregateId?: string | number;
  /** Only what was sent before this moment. */
  sentBefore?: Date;
}

/** NATS takes 1 MiB by default; an event carries ids and changed facts, never that much. */
const MAX_ENVELOPE_BYTES = 512 * 1024;

/** The channel on which the relay of a schema waits; the schema itself is the connection's. */
const WAKE_RELAY = `pg_notify('attune_outbox_' || current_schema(), '')`;

/** Publishes by writing into the caller's transaction: the event leaves if and only if that transaction commits. */
export class Outbox {
  constructor(
    private readonly service: Service,
    private readonly clock: Clock = systemClock,
  ) {}

  /**
   * Adds an event and answers its id. Throws (a ZodError) when the payload is not of the catalogue's shape, and an Error
   * when the event belongs to another service: both are mistakes of the program.
   */
  async add<N extends EventName>(tx: Tx, name: N, payload: EventPayload<N>, options: AddOptions): Promise<string> {
    const event = this.envelop(name, payload, options, options.organizationId ?? tx.organizationId);
    await this.insert(tx, name, event, { ...options, organizationId: event.organization_id });
    return event.id;
  }

  /**
   * Adds an event for the world outside, as a CloudEvent, and answers its id: a function of (type, key), so that one occurrence has one
   * id for ever. `subject` is the organization, `at` the moment when it happened. Throws a ZodError when the data is not of the
   * catalogue's shape.
   */
  async addCloudEvent<T extends CloudEventType>(
    tx: Tx,
    type: T,
    data: CloudEventData<T>,
    { key, at, aggregateId }: { key: string; at: Date; aggregateId: string | number },
  ): Promise<string> {
    const event: CloudEvent<T> = {
      specversion: '1.0',
      id: derivedId(type, key),
      source: `/attune/${this.service}`,
      type,
      subject: data.organization_id,
      time: at.toISOString(),
      datacontenttype: 'application/json',
      data: cloudEventSchemas[type].parse(data),
    };
    await this.insert(tx, type, event, { aggregateId, organizationId: data.organization_id });
    return event.id;
  }

  private async insert(
    tx: Tx,
    name: EventName | CloudEventType,
    event: { id: string },
    { aggregateId, organizationId }: { aggregateId: string | number; organizationId: string },
  ): Promise<void> {
    const body = JSON.stringify(event);
    if (Buffer.byteLength(body) > MAX_ENVELOPE_BYTES) throw new Error(`event ${name} is larger than an event may be`);
    await tx.query(
      `WITH added AS (
         INSERT INTO outbox (id, event_name, aggregate_id, organization_id, envelope) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET sent_at = NULL
         RETURNING 1)
       SELECT ${WAKE_RELAY} FROM added`,
      [event.id, name, String(aggregateId), organizationId, body],
    );
  }

  /**
   * Sends events again that lie in the outbox (sent ones stay for 30 days, unless the service says otherwise), with their own ids: consumers that handled
   * them drop them. Answers how many.
   */
  async republish(tx: Tx, filter: RepublishFilter): Promise<number> {
    const { name = null, aggregateId = null, sentBefore = null } = filter;
    if (name === null && aggregateId === null && sentBefore === null) throw new Error('republish needs a filter');
    const rows = await tx.query<{ count: number }>(
      `WITH again AS (
         UPDATE outbox SET sent_at = NULL
         WHERE sent_at IS NOT NULL
           AND ($1::text IS NULL OR event_name = $1)
           AND ($2::text IS NULL OR aggregate_id = $2)
           AND ($3::timestamptz IS NULL OR sent_at < $3)
         RETURNING 1)
       SELECT count(*) AS count, ${WAKE_RELAY} FROM again`,
      [name, aggregateId === null ? null : String(aggregateId), sentBefore],
    );
    return rows[0]?.count ?? 0;
  }

  /**
   * Asks again what an event asked: the newest stored event of this name about this aggregate leaves once more as a new one,
   * with an id of its own, so that whoever answered it already answers again. For reconcilers that miss an answer.
   */
  async askAgain(tx: Tx, name: EventName, aggregateId: string | number): Promise<void> {
    await tx.query(
      `WITH asked AS (
         INSERT INTO outbox (id, event_name, aggregate_id, organization_id, envelope)
         SELECT $3::uuid, event_name, aggregate_id, organization_id,
                (envelope::jsonb || jsonb_build_object('id', $3::text))::json
         FROM outbox WHERE aggregate_id = $2 AND event_name = $1
         ORDER BY position DESC LIMIT 1
         RETURNING 1)
       SELECT ${WAKE_RELAY} FROM asked`,
      [name, String(aggregateId), newId()],
    );
  }

  private envelop<N extends EventName>(
    name: N,
    payload: EventPayload<N>,
    options: AddOptions,
    organizationId: string | null,
  ): Event<N> {
    if (ownerOf(name) !== this.service) throw new Error(`${this.service} may not publish ${name}`);
    if (organizationId === null) throw new Error(`event ${name} needs an organization`);
    return {
      id: options.key === undefined ? newId() : derivedId(name, String(options.aggregateId), options.key),
      name,
      source: this.service,
      organization_id: organizationId,
      time: this.clock.now().toISOString(),
      data: eventSchemas[name].parse(payload),
    };
  }
}

/** A UUIDv8 (RFC 9562: custom, here the head of a SHA-256) that is the same for the same parts. */
export function derivedId(...parts: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
