import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { isUuid, newId, type Clock, type OrganizationId } from '@attune/kernel';
import { CLOCK } from '@attune/service';
import { SECRETS_KEY } from '../platform/sealer';
import {
  makeWebhookSecret,
  type DeliveryState,
  type Webhook,
  type WebhookChange,
  type WebhookDelivery,
} from './webhook';
import { deliveryNotFound, tooManyWebhooks, webhookNotFound } from './webhook.errors';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository';
import { WebhookEventsService } from './webhook-events.service';
import { webhookSealer } from './webhook-secrets';
import { checkTarget } from './webhook-target';
import { WEBHOOK_SETTINGS, type WebhookSettings } from './webhook-settings';
import { WebhooksRepository } from './webhooks.repository';

const WEBHOOKS_PER_ORGANIZATION = 20;
/** How long the old secret signs beside a new one. */
const ROTATION_MS = 24 * 60 * 60 * 1000;
const LOG_DAYS = 30;
const SWEEP_BATCH = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

interface Page {
  offset: number;
  limit: number;
}

/** An organization's webhooks and the log of their deliveries. A secret is in two answers only: of its creation and rotation. */
@Injectable()
export class WebhooksService {
  private readonly sealer;

  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhooksRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly events: WebhookEventsService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(WEBHOOK_SETTINGS) private readonly settings: WebhookSettings,
    @Inject(SECRETS_KEY) secretsKey: string,
  ) {
    this.sealer = webhookSealer(secretsKey);
  }

  /** Throws VALIDATION_ERROR for an address that may not be called, or when there are too many. */
  async create(
    organizationId: OrganizationId,
    fields: Pick<Webhook, 'url' | 'events' | 'description' | 'enabled'>,
  ): Promise<{ webhook: Webhook; secret: string }> {
    checkTarget(fields.url, this.settings);
    const at = this.clock.now();
    const webhook = { id: newId(), organizationId, ...fields, disabledReason: null, createdAt: at, updatedAt: at };
    const secret = makeWebhookSecret();
    await this.database.runInTransaction({ organizationId }, async (tx) => {
      const count = await this.webhooks.countInTurn(tx, organizationId);
      if (count >= WEBHOOKS_PER_ORGANIZATION) throw tooManyWebhooks(WEBHOOKS_PER_ORGANIZATION);
      await this.webhooks.insert(tx, webhook, this.sealer.seal(secret, webhook.id));
    });
    return { webhook, secret };
  }

  list(organizationId: OrganizationId, page: Page): Promise<{ total: number; webhooks: Webhook[] }> {
    return this.webhooks.list(organizationId, page);
  }

  /** Throws NOT_FOUND; so do all that follow. */
  async get(organizationId: OrganizationId, id: string): Promise<Webhook> {
    return found(isUuid(id) ? await this.webhooks.find({ organizationId, id }) : null);
  }

  async change(organizationId: OrganizationId, id: string, change: WebhookChange): Promise<Webhook> {
    if (change.url !== undefined) checkTarget(change.url, this.settings);
    const key = keyOf(organizationId, id);
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.webhooks.change(tx, key, change, this.clock.now()))) throw webhookNotFound();
      return found(await this.webhooks.read(tx, key));
    });
  }

  async remove(organizationId: OrganizationId, id: string): Promise<void> {
    const key = keyOf(organizationId, id);
    await this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.webhooks.remove(tx, key))) throw webhookNotFound();
    });
  }

  async rotateSecret(
    organizationId: OrganizationId,
    id: string,
  ): Promise<{ webhook: Webhook; secret: string; previousUntil: Date }> {
    const key = keyOf(organizationId, id);
    const secret = makeWebhookSecret();
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const next = { sealedSecret: this.sealer.seal(secret, id), at: this.clock.now(), previousForMs: ROTATION_MS };
      const previousUntil = await this.webhooks.rotate(tx, key, next);
      if (!previousUntil) throw webhookNotFound();
      return { webhook: found(await this.webhooks.read(tx, key)), secret, previousUntil };
    });
  }

  /** A `ping` is sent on the same way, with the same schedule, as every event. */
  async ping(organizationId: OrganizationId, id: string): Promise<WebhookDelivery> {
    const key = keyOf(organizationId, id);
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const delivery = await this.events.tellOne(tx, key, 'ping', { webhook_id: id });
      if (!delivery) throw webhookNotFound();
      return delivery;
    });
  }

  async listDeliveries(
    organizationId: OrganizationId,
    id: string,
    state: DeliveryState | null,
    page: Page,
  ): Promise<{ total: number; deliveries: WebhookDelivery[] }> {
    await this.get(organizationId, id);
    return this.deliveries.list({ organizationId, id }, state, page);
  }

  async replay(organizationId: OrganizationId, id: string, deliveryId: string): Promise<WebhookDelivery> {
    await this.get(organizationId, id);
    if (!isUuid(deliveryId)) throw deliveryNotFound();
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const delivery = await this.deliveries.restart(tx, { organizationId, id }, deliveryId);
      if (!delivery) throw deliveryNotFound();
      return delivery;
    });
  }

  /** Removes deliveries older than 30 days. */
  async sweepLog(signal: AbortSignal): Promise<void> {
    const before = new Date(this.clock.now().getTime() - LOG_DAYS * DAY_MS);
    for (let removed = SWEEP_BATCH; removed === SWEEP_BATCH && !signal.aborted;) {
      removed = await this.database.runInTransaction('system', (tx) => this.deliveries.sweep(tx, before, SWEEP_BATCH));
    }
  }
}

function keyOf(organizationId: OrganizationId, id: string): { organizationId: OrganizationId; id: string } {
  if (!isUuid(id)) throw webhookNotFound();
  return { organizationId, id };
}

function found(webhook: Webhook | null): Webhook {
  if (!webhook) throw webhookNotFound();
  return webhook;
}
