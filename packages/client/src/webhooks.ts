import type { InitClientReturn } from '@ts-rest/core';
import type {
  ApiWebhook,
  ApiWebhookDelivery,
  contract,
  createdWebhook,
  rotatedWebhook,
  WebhookEventType,
} from '@attune/contracts';
import type { z } from 'zod';
import { bodyOf } from './answers';
import { allPages, PAGE_SIZE } from './pages';

export interface NewWebhook {
  url: string;
  /** Every event when absent. */
  events?: WebhookEventType[];
  description?: string;
}

type Api = InitClientReturn<typeof contract, { baseUrl: string }>['webhooks'];

/** Where an organization is told of its events. A secret is in the answers of `create` and `rotateSecret` alone. */
export class Webhooks {
  constructor(private readonly api: Api) {}

  async create(webhook: NewWebhook): Promise<z.infer<typeof createdWebhook>> {
    return bodyOf(await this.api.create({ body: webhook }), 201);
  }

  /** Every webhook, newest first, over all pages. */
  async list(): Promise<ApiWebhook[]> {
    return allPages(async (query) => bodyOf(await this.api.list({ query }), 200));
  }

  async remove(id: string): Promise<void> {
    bodyOf(await this.api.remove({ params: { webhook_id: id } }), 204);
  }

  /** For a day deliveries are signed with the old secret too. */
  async rotateSecret(id: string): Promise<z.infer<typeof rotatedWebhook>> {
    return bodyOf(await this.api.rotateSecret({ params: { webhook_id: id }, body: {} }), 200);
  }

  /** Sends a test event. */
  async ping(id: string): Promise<ApiWebhookDelivery> {
    return bodyOf(await this.api.ping({ params: { webhook_id: id }, body: {} }), 200);
  }

  /** The newest deliveries, at most 100. */
  async deliveries(id: string): Promise<ApiWebhookDelivery[]> {
    return bodyOf(await this.api.deliveries({ params: { webhook_id: id }, query: { limit: PAGE_SIZE } }), 200).result;
  }

  /** Sends a delivery again, with its own message id. */
  async replay(id: string, deliveryId: string): Promise<ApiWebhookDelivery> {
    const params = { webhook_id: id, delivery_id: deliveryId };
    return bodyOf(await this.api.replay({ params, body: {} }), 200);
  }
}
