import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import type { DeliveryState, WebhookDelivery } from './webhook';
import { fromRowDelivery, type DeliveryRow } from './webhook.mapping';
import type { WebhookKey } from './webhooks.repository';

const LOG_COLUMNS = `id, webhook_id, message_id, event_type, state, attempts, response_status, error, due_at, created_at,
  delivered_at`;

/** An event as it is written for every webhook that wants it. */
export interface NewMessage {
  organizationId: OrganizationId;
  messageId: string;
  eventType: string;
  payload: string;
  at: Date;
}

/** A delivery that is this process's to attempt now. `attempt` counts from 1 and is its fence. Secrets are sealed. */
export interface ClaimedDelivery {
  id: string;
  organizationId: OrganizationId;
  webhookId: string;
  messageId: string;
  payload: string;
  attempt: number;
  url: string;
  secret: Buffer;
  /** While it still signs beside the new one. */
  previousSecret: Buffer | null;
}

export interface ClaimRules {
  /** How long a claimed delivery is this process's. */
  lostAfterMs: number;
  /** Webhooks. */
  busy: readonly string[];
  /** How many attempts of each organization this process has under way. */
  underWay: ReadonlyMap<OrganizationId, number>;
  perWebhook: number;
  /** Those under way among them. */
  perOrganization: number;
  limit: number;
}

interface ClaimedRow {
  id: string;
  organization_id: OrganizationId;
  webhook_id: string;
  message_id: string;
  payload: string;
  attempts: number;
  url: string;
  secret: Buffer;
  previous_secret: Buffer | null;
}

/** `waiting` jumps from webhook to webhook in the index of what is pending: it costs what there is to send, not what exists. */
const CLAIM = `
  WITH RECURSIVE waiting AS (
    (SELECT webhook_id, due_at FROM webhook_delivery WHERE state = 'pending' ORDER BY webhook_id, due_at LIMIT 1)
    UNION ALL
    SELECT next.webhook_id, next.due_at FROM waiting CROSS JOIN LATERAL (
      SELECT webhook_id, due_at FROM webhook_delivery
       WHERE state = 'pending' AND webhook_id > waiting.webhook_id ORDER BY webhook_id, due_at LIMIT 1) next),
  candidate AS MATERIALIZED (
    SELECT * FROM (
      SELECT w.id AS webhook_id, w.organization_id, waiting.due_at, $5 - coalesce(under_way, 0) AS room,
             row_number() OVER (PARTITION BY w.organization_id ORDER BY waiting.due_at) AS place
        FROM waiting JOIN webhook w ON w.id = waiting.webhook_id
        LEFT JOIN unnest($1::uuid[], $2::integer[]) AS u (organization_id, under_way) ON u.organization_id = w.organization_id
       WHERE waiting.due_at <= now() AND w.enabled AND w.id <> ALL($3::uuid[])) c
     WHERE place <= room ORDER BY due_at LIMIT $6),
  due AS MATERIALIZED (
    SELECT next.id, next.due_at, c.webhook_id, c.organization_id, c.room FROM candidate c CROSS JOIN LATERAL (
      SELECT id, due_at FROM webhook_delivery
       WHERE webhook_id = c.webhook_id AND state = 'pending' AND due_at <= now()
       ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) next),
  chosen AS (
    SELECT id, webhook_id FROM (
      SELECT *, row_number() OVER (PARTITION BY organization_id ORDER BY due_at) AS share FROM due) d
     WHERE share <= room ORDER BY due_at LIMIT $6)
  UPDATE webhook_delivery d SET attempts = attempts + 1, due_at = clock_timestamp() + $7 * interval '1 ms'
    FROM chosen JOIN webhook w ON w.id = chosen.webhook_id WHERE d.id = chosen.id
  RETURNING d.id, d.organization_id, d.webhook_id, d.message_id, d.payload, d.attempts, w.url, w.secret,
            CASE WHEN w.previous_secret_expires_at > now() THEN w.previous_secret END AS previous_secret`;

/** When something is due, and what is, the database's clock says alone: processes say how long. */
@Injectable()
export class WebhookDeliveriesRepository {
  constructor(private readonly database: Database) {}

  /** One delivery for each webhook of the organization that is on and wants the event; or for the named one alone, always. */
  async insert(tx: Tx, message: NewMessage, webhookId: string | null = null): Promise<WebhookDelivery[]> {
    const rows = await tx.query<DeliveryRow>(
      `INSERT INTO webhook_delivery (id, organization_id, webhook_id, message_id, event_type, payload, due_at, created_at)
       SELECT gen_random_uuid(), organization_id, id, $2, $3, $4, clock_timestamp(), $5 FROM webhook
        WHERE organization_id = $1
          AND CASE WHEN $6::uuid IS NULL THEN enabled AND (events = '{}' OR $3 = ANY(events)) ELSE id = $6 END
       RETURNING ${LOG_COLUMNS}`,
      [message.organizationId, message.messageId, message.eventType, message.payload, message.at, webhookId],
    );
    return rows.map(fromRowDelivery);
  }

  /** Newest first. */
  async list(
    { organizationId, id }: WebhookKey,
    state: DeliveryState | null,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; deliveries: WebhookDelivery[] }> {
    const where = `webhook_id = $1 AND organization_id = $2 AND ($3::text IS NULL OR state = $3)`;
    const values = [id, organizationId, state];
    return this.database.read({ organizationId }, async (tx) => {
      const [count] = await tx.query<{ total: number }>(
        `SELECT count(*) AS total FROM webhook_delivery WHERE ${where}`,
        values,
      );
      const rows = await tx.query<DeliveryRow>(
        `SELECT ${LOG_COLUMNS} FROM webhook_delivery WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5`,
        [...values, page.limit, page.offset],
      );
      return { total: count?.total ?? 0, deliveries: rows.map(fromRowDelivery) };
    });
  }

  /** Begins its schedule anew, with its own message id. Null when it is not there. */
  async restart(tx: Tx, webhook: WebhookKey, deliveryId: string): Promise<WebhookDelivery | null> {
    const [row] = await tx.query<DeliveryRow>(
      `UPDATE webhook_delivery SET state = 'pending', attempts = 0, due_at = clock_timestamp(), error = NULL, response_status = NULL,
              delivered_at = NULL
        WHERE id = $1 AND webhook_id = $2 AND organization_id = $3
        RETURNING ${LOG_COLUMNS}`,
      [deliveryId, webhook.id, webhook.organizationId],
    );
    return row ? fromRowDelivery(row) : null;
  }

  /**
   * Takes due deliveries, those first that have waited longest: at most `perWebhook` of each webhook and none of the `busy` ones,
   * and of each organization so many that it has `perOrganization` under way at most, so that one that is slow holds up nobody.
   * Each is this process's for `lostAfterMs`: if it has not said by then what became of it, it is due again.
   */
  async claim(tx: Tx, claim: ClaimRules): Promise<ClaimedDelivery[]> {
    const rows = await tx.query<ClaimedRow>(CLAIM, [
      [...claim.underWay.keys()],
      [...claim.underWay.values()],
      claim.busy,
      claim.perWebhook,
      claim.perOrganization,
      claim.limit,
      claim.lostAfterMs,
    ]);
    return rows.map((row) => ({
      id: row.id,
      organizationId: row.organization_id,
      webhookId: row.webhook_id,
      messageId: row.message_id,
      payload: row.payload,
      attempt: row.attempts,
      url: row.url,
      secret: row.secret,
      previousSecret: row.previous_secret,
    }));
  }

  async markDelivered(tx: Tx, { id }: ClaimedDelivery, status: number): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET state = 'delivered', response_status = $2, error = NULL, delivered_at = now()
        WHERE id = $1 AND state = 'pending'`,
      [id, status],
    );
  }

  /** `nextInMs` null: that was the last attempt. Changes nothing when a later attempt has begun already. */
  async markFailed(
    tx: Tx,
    { id, attempt }: ClaimedDelivery,
    failure: { status: number | null; error: string; nextInMs: number | null },
  ): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET state = CASE WHEN $5::bigint IS NULL THEN 'failed' ELSE state END,
              due_at = coalesce(clock_timestamp() + $5 * interval '1 ms', due_at), response_status = $3, error = $4
        WHERE id = $1 AND state = 'pending' AND attempts = $2`,
      [id, attempt, failure.status, failure.error, failure.nextInMs],
    );
  }

  /** Removes what was written before; answers how many. Call again while that is `limit`. */
  async sweep(tx: Tx, before: Date, limit: number): Promise<number> {
    return tx.execute(
      `DELETE FROM webhook_delivery WHERE id IN (
         SELECT id FROM webhook_delivery WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [before, limit],
    );
  }
}
