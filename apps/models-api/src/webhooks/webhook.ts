import { createHmac, randomBytes } from 'node:crypto';
import type { OrganizationId } from '@attune/kernel';

export type WebhookEventType =
  'run.started' | 'run.succeeded' | 'run.failed' | 'run.cancelled' | 'data.rejected' | 'version.activated' | 'ping';

/** Where an organization wants to be told of its events. Secrets are never part of it. */
export interface Webhook {
  id: string;
  organizationId: OrganizationId;
  url: string;
  /** Empty: every event. */
  events: WebhookEventType[];
  description: string | null;
  enabled: boolean;
  /** Why the platform turned it off; null when it did not. */
  disabledReason: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export type WebhookChange = Partial<Pick<Webhook, 'url' | 'events' | 'description' | 'enabled'>>;

export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** One event on its way to one webhook. */
export interface WebhookDelivery {
  id: string;
  webhookId: string;
  messageId: string;
  eventType: string;
  state: DeliveryState;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  dueAt: Date;
  createdAt: Date;
  deliveredAt: Date | null;
}

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret, as Standard Webhooks writes it. */
export function makeWebhookSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The header `webhook-signature`: one signature for each secret, the newest first (Standard Webhooks 1.0, symmetric). */
export function signMessage(
  message: { id: string; timestampSeconds: number; body: string },
  secrets: readonly string[],
): string {
  const signed = `${message.id}.${String(message.timestampSeconds)}.${message.body}`;
  return secrets
    .map((secret) => Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
    .join(' ');
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** From each failed attempt to the next: ten attempts in about three days, as Standard Webhooks recommends. */
export const retryDelaysMs: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const JITTER = 0.1;

/**
 * Milliseconds until the attempt after `attempts` failed ones; null when there is none. `random` (0..1) spreads them by a
 * tenth, so that an endpoint that comes back is not met by everything at once.
 */
export function nextAttemptInMs(attempts: number, random: number): number | null {
  const delayMs = retryDelaysMs[attempts - 1];
  return delayMs === undefined ? null : Math.round(delayMs * (1 + JITTER * (2 * random - 1)));
}
