import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import type { Webhook, WebhookChange } from './webhook';
import { WebhookEntity } from './webhook.entity';
import { fromRowWebhook } from './webhook.mapping';

export interface WebhookKey {
  organizationId: OrganizationId;
  id: string;
}

@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, webhook: Webhook, sealedSecret: Buffer): Promise<void> {
    await tx.manager.insert(WebhookEntity, { ...webhook, secret: sealedSecret });
  }

  /** How many the organization has; two that ask at once take turns, so that a limit holds. */
  async countInTurn(tx: Tx, organizationId: OrganizationId): Promise<number> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.webhooks.' || $1, 0))`, [organizationId]);
    return tx.manager.countBy(WebhookEntity, { organizationId });
  }

  async find({ organizationId, id }: WebhookKey): Promise<Webhook | null> {
    return this.database.read({ organizationId }, (tx) => this.read(tx, { organizationId, id }));
  }

  async read(tx: Tx, { organizationId, id }: WebhookKey): Promise<Webhook | null> {
    const row = await tx.manager.findOneBy(WebhookEntity, { id, organizationId });
    return row && fromRowWebhook(row);
  }

  /** Newest first. */
  async list(
    organizationId: OrganizationId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; webhooks: Webhook[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const [rows, total] = await tx.manager.findAndCount(WebhookEntity, {
        where: { organizationId },
        order: { id: 'DESC' },
        skip: page.offset,
        take: page.limit,
      });
      return { total, webhooks: rows.map(fromRowWebhook) };
    });
  }

  /** Only what is named changes; turning it on forgets why it was off. False when it is not there. */
  async change(tx: Tx, { organizationId, id }: WebhookKey, change: WebhookChange, at: Date): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE webhook SET updated_at = $3, url = coalesce($4, url), events = coalesce($5::text[], events),
              description = CASE WHEN $6 THEN $7 ELSE description END, enabled = coalesce($8, enabled),
              disabled_reason = CASE WHEN $8 IS NULL THEN disabled_reason END
        WHERE id = $1 AND organization_id = $2`,
      [
        id,
        organizationId,
        at,
        change.url ?? null,
        change.events ?? null,
        change.description !== undefined,
        change.description ?? null,
        change.enabled ?? null,
      ],
    );
    return updated > 0;
  }

  /** The secret until now goes on signing for `previousForMs`; answers until when. Null when the webhook is not there. */
  async rotate(
    tx: Tx,
    { organizationId, id }: WebhookKey,
    next: { sealedSecret: Buffer; at: Date; previousForMs: number },
  ): Promise<Date | null> {
    const [row] = await tx.query<{ until: Date }>(
      `UPDATE webhook SET previous_secret = secret, previous_secret_expires_at = now() + $4 * interval '1 ms', secret = $3,
              updated_at = $5
        WHERE id = $1 AND organization_id = $2 RETURNING previous_secret_expires_at AS until`,
      [id, organizationId, next.sealedSecret, next.previousForMs, next.at],
    );
    return row?.until ?? null;
  }

  /** The receiver said that it is gone. */
  async disable(tx: Tx, { organizationId, id }: WebhookKey, reason: string, at: Date): Promise<void> {
    await tx.execute(
      `UPDATE webhook SET enabled = false, disabled_reason = $3, updated_at = $4 WHERE id = $1 AND organization_id = $2`,
      [id, organizationId, reason, at],
    );
  }

  /** With its deliveries. False when it is not there. */
  async remove(tx: Tx, { organizationId, id }: WebhookKey): Promise<boolean> {
    return (await tx.execute(`DELETE FROM webhook WHERE id = $1 AND organization_id = $2`, [id, organizationId])) > 0;
  }
}
