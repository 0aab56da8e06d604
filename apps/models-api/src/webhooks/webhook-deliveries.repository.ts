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
  now: Date;
  lostAt: Date;
  /** Webhooks. */
  busy: readonly string[];
  /** Organizations. */
  full: readonly OrganizationId[];
  perWebhook: number;
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

@Injectable()
export class WebhookDeliveriesRepository {
  constructor(private readonly database: Database) {}

  /** One delivery for each webhook of the organization that is on and wants the event; or for the named one alone, always. */
  async insert(tx: Tx, message: NewMessage, webhookId: string | null = null): Promise<WebhookDelivery[]> {
    const rows = await tx.query<DeliveryRow>(
      `INSERT INTO webhook_delivery (id, organization_id, webhook_id, message_id, event_type, payload, due_at, created_at)
       SELECT gen_random_uuid(), organization_id, id, $2, $3, $4, $5, $5 FROM webhook
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
  async restart(tx: Tx, webhook: WebhookKey, deliveryId: string, at: Date): Promise<WebhookDelivery | null> {
    const [row] = await tx.query<DeliveryRow>(
      `UPDATE webhook_delivery SET state = 'pending', attempts = 0, due_at = $4, error = NULL, response_status = NULL,
              delivered_at = NULL
        WHERE id = $1 AND webhook_id = $2 AND organization_id = $3
        RETURNING ${LOG_COLUMNS}`,
      [deliveryId, webhook.id, webhook.organizationId, at],
    );
    return row ? fromRowDelivery(row) : null;
  }

  /**
   * Takes due deliveries: at most `perWebhook` of each webhook and `perOrganization` of each organization, none of the `busy`
   * webhooks and `full` organizations, so that one that is slow holds up nobody. Each is this process's until `lostAt`: if it
   * has not said by then what became of it, it is due again.
   */
  async claim(tx: Tx, claim: ClaimRules): Promise<ClaimedDelivery[]> {
    const rows = await tx.query<ClaimedRow>(
      `WITH due AS MATERIALIZED (
         SELECT next.id, w.organization_id, w.url, w.secret,
                CASE WHEN w.previous_secret_expires_at > $1 THEN w.previous_secret END AS previous_secret
           FROM webhook w CROSS JOIN LATERAL (
             SELECT id FROM webhook_delivery
              WHERE webhook_id = w.id AND state = 'pending' AND due_at <= $1
              ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) next
          WHERE w.enabled AND w.id <> ALL($3::uuid[]) AND w.organization_id <> ALL($6::uuid[]) LIMIT $5),
       shared AS (SELECT *, row_number() OVER (PARTITION BY organization_id) AS share FROM due)
       UPDATE webhook_delivery d SET attempts = attempts + 1, due_at = $2
         FROM shared WHERE d.id = shared.id AND shared.share <= $7
       RETURNING d.id, d.organization_id, d.webhook_id, d.message_id, d.payload, d.attempts, shared.url, shared.secret,
                 shared.previous_secret`,
      [claim.now, claim.lostAt, claim.busy, claim.perWebhook, claim.limit, claim.full, claim.perOrganization],
    );
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

  async markDelivered(tx: Tx, { id }: ClaimedDelivery, status: number, at: Date): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET state = 'delivered', response_status = $2, error = NULL, delivered_at = $3
        WHERE id = $1 AND state = 'pending'`,
      [id, status, at],
    );
  }

  /** `nextAt` null: that was the last attempt. Changes nothing when a later attempt has begun already. */
  async markFailed(
    tx: Tx,
    { id, attempt }: ClaimedDelivery,
    failure: { status: number | null; error: string; nextAt: Date | null },
  ): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET state = CASE WHEN $5::timestamptz IS NULL THEN 'failed' ELSE state END,
              due_at = coalesce($5, due_at), response_status = $3, error = $4
        WHERE id = $1 AND state = 'pending' AND attempts = $2`,
      [id, attempt, failure.status, failure.error, failure.nextAt],
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
