import { Inject, Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { newId, type Clock, type OrganizationId } from '@attune/kernel';
import { CLOCK } from '@attune/service';
import type { WebhookDelivery, WebhookEventType } from './webhook';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository';

const MESSAGE_ID_PREFIX = 'msg_';
/** Standard Webhooks wants payloads under 20 kB: ids and short facts; a text from elsewhere is cut to this length. */
const LONGEST_TEXT = 1000;

/** Public data of an event: ids, numbers and short texts, named as the API names them. */
export type WebhookData = Record<string, string | number | boolean | null>;

/** Tells an organization's webhooks of what happens, in the transaction in which it happens: told if and only if it did. */
@Injectable()
export class WebhookEventsService {
  constructor(
    private readonly deliveries: WebhookDeliveriesRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async tell(tx: Tx, organizationId: OrganizationId, type: WebhookEventType, data: WebhookData): Promise<void> {
    await this.deliveries.insert(tx, this.message(organizationId, type, data));
  }

  /** To one webhook, whether it is on and wants the event or not. Null when it is not there. */
  async tellOne(
    tx: Tx,
    webhook: { organizationId: OrganizationId; id: string },
    type: WebhookEventType,
    data: WebhookData,
  ): Promise<WebhookDelivery | null> {
    const [delivery] = await this.deliveries.insert(tx, this.message(webhook.organizationId, type, data), webhook.id);
    return delivery ?? null;
  }

  private message(organizationId: OrganizationId, type: WebhookEventType, data: WebhookData) {
    const at = this.clock.now();
    return {
      organizationId,
      messageId: MESSAGE_ID_PREFIX + newId().replaceAll('-', ''),
      eventType: type,
      payload: JSON.stringify({ type, timestamp: at.toISOString(), data: shortened(data) }),
      at,
    };
  }
}

function shortened(data: WebhookData): WebhookData {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      typeof value === 'string' ? Array.from(value).slice(0, LONGEST_TEXT).join('') : value,
    ]),
  );
}
