import { webhookEventType, type ApiWebhook, type ApiWebhookDelivery } from '@attune/contracts';
import { toApiTime } from '../models/model.convert';
import type { Webhook, WebhookDelivery } from './webhook';

export function toApiWebhook(webhook: Webhook): ApiWebhook {
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhook.events.map((type) => webhookEventType.parse(type)),
    description: webhook.description,
    enabled: webhook.enabled,
    disabled_reason: webhook.disabledReason,
    created_at: toApiTime(webhook.createdAt),
    updated_at: toApiTime(webhook.updatedAt),
  };
}

export function toApiDelivery(delivery: WebhookDelivery): ApiWebhookDelivery {
  return {
    id: delivery.id,
    message_id: delivery.messageId,
    event_type: delivery.eventType,
    state: delivery.state,
    attempts: delivery.attempts,
    response_status: delivery.responseStatus,
    error: delivery.error,
    next_attempt_at: delivery.state === 'pending' ? toApiTime(delivery.dueAt) : null,
    created_at: toApiTime(delivery.createdAt),
    delivered_at: delivery.deliveredAt ? toApiTime(delivery.deliveredAt) : null,
  };
}
