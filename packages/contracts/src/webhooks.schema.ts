import { z } from 'zod';
import { listOf, pageQuery } from './responses';

/** What a webhook may be told. `ping` is sent by its own call alone. */
export const webhookEventTypes = [
  'run.started',
  'run.succeeded',
  'run.failed',
  'run.cancelled',
  'data.rejected',
  'version.activated',
] as const;
export const webhookEventType = z.enum(webhookEventTypes);
export type WebhookEventType = (typeof webhookEventTypes)[number];

const url = z.string().max(2000).url().describe('HTTPS, of a host with a public address; redirects are not followed');
const description = z.string().max(500);
const events = z
  .array(webhookEventType)
  .max(webhookEventTypes.length)
  .describe('Which events are sent; all, also those of later releases, when it is empty');

export const createWebhookBody = z
  .object({ url, events: events.default([]), description: description.nullish(), enabled: z.boolean().default(true) })
  .strict();

export const updateWebhookBody = z
  .object({
    url: url.optional(),
    events: events.optional(),
    description: description.nullable().optional(),
    enabled: z.boolean().optional(),
  })
  .strict()
  .refine((body) => Object.keys(body).length > 0, {
    message: 'give url, events, description or enabled',
  });

export const webhook = z.object({
  id: z.string().uuid(),
  url: z.string(),
  events: z.array(webhookEventType),
  description: z.string().nullable(),
  enabled: z.boolean(),
  disabled_reason: z.string().nullable().describe('Why the platform turned it off; null when nobody or you did'),
  created_at: z.string(),
  updated_at: z.string(),
});
export type ApiWebhook = z.infer<typeof webhook>;

const secret = z
  .string()
  .describe('`whsec_` and base64: verify deliveries with it (Standard Webhooks 1.0). Shown in this answer only.');

export const createdWebhook = webhook.extend({ secret });
export const rotatedWebhook = webhook.extend({
  secret,
  previous_secret_expires_at: z.string().describe('Until then every delivery is signed with both'),
});
export const webhookList = listOf(webhook);
export const webhookPath = z.object({ webhook_id: z.string() });
export const deliveryPath = webhookPath.extend({ delivery_id: z.string() });

export const deliveryState = z.enum(['pending', 'delivered', 'failed']);

export const webhookDelivery = z.object({
  id: z.string().uuid(),
  message_id: z.string().describe('The header `webhook-id`: the same for every attempt, and for replays'),
  event_type: z.string(),
  state: deliveryState,
  attempts: z.number().int(),
  response_status: z.number().int().nullable().describe('Of the last attempt; null without an answer'),
  error: z.string().nullable().describe('Why the last attempt failed'),
  next_attempt_at: z.string().nullable().describe('Null when there will be none'),
  created_at: z.string(),
  delivered_at: z.string().nullable(),
});
export type ApiWebhookDelivery = z.infer<typeof webhookDelivery>;
export const webhookDeliveryList = listOf(webhookDelivery);
export const webhookListQuery = z.object(pageQuery(25, 100));
export const deliveryListQuery = webhookListQuery.extend({ state: deliveryState.optional() });
