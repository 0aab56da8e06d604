import type { OrganizationId } from '@attune/kernel';
import type { DeliveryState, Webhook, WebhookDelivery, WebhookEventType } from './webhook';
import type { WebhookEntity } from './webhook.entity';

export function fromRowWebhook(row: WebhookEntity): Webhook {
  return {
    id: row.id,
    organizationId: row.organizationId as OrganizationId,
    url: row.url,
    events: row.events as WebhookEventType[],
    description: row.description,
    enabled: row.enabled,
    disabledReason: row.disabledReason,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

/** The columns of a delivery that its log shows, as PostgreSQL names them. */
export interface DeliveryRow {
  id: string;
  webhook_id: string;
  message_id: string;
  event_type: string;
  state: DeliveryState;
  attempts: number;
  response_status: number | null;
  error: string | null;
  due_at: Date;
  created_at: Date;
  delivered_at: Date | null;
}

export function fromRowDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    messageId: row.message_id,
    eventType: row.event_type,
    state: row.state,
    attempts: row.attempts,
    responseStatus: row.response_status,
    error: row.error,
    dueAt: row.due_at,
    createdAt: row.created_at,
    deliveredAt: row.delivered_at,
  };
}
