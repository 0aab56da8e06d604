import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiPage, toApiTime } from '../models/model.convert';
import { toApiDelivery, toApiWebhook } from './webhook.convert';
import { WebhooksService } from './webhooks.service';

const api = contract.webhooks;
const PAGE_SIZE = 25;

@Controller()
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @TsRestHandler(api.create)
  create(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.create, async ({ body }) => {
      const fields = { ...body, description: body.description ?? null };
      const { webhook, secret } = await this.webhooks.create(organizationId, fields);
      return { status: 201 as const, body: { ...toApiWebhook(webhook), secret } };
    });
  }

  @TsRestHandler(api.list)
  list(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.list, async ({ query }) => {
      const { total, webhooks } = await this.webhooks.list(organizationId, fromApiPage(query, PAGE_SIZE));
      const result = webhooks.map(toApiWebhook);
      return { status: 200 as const, body: { count: result.length, total_results: total, result } };
    });
  }

  @TsRestHandler(api.get)
  get(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.get, async ({ params }) => {
      const webhook = await this.webhooks.get(organizationId, params.webhook_id);
      return { status: 200 as const, body: toApiWebhook(webhook) };
    });
  }

  @TsRestHandler(api.update)
  update(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.update, async ({ params, body }) => {
      const webhook = await this.webhooks.change(organizationId, params.webhook_id, body);
      return { status: 200 as const, body: toApiWebhook(webhook) };
    });
  }

  @TsRestHandler(api.remove)
  remove(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.remove, async ({ params }) => {
      await this.webhooks.remove(organizationId, params.webhook_id);
      return { status: 204 as const, body: undefined };
    });
  }

  @TsRestHandler(api.rotateSecret)
  rotateSecret(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.rotateSecret, async ({ params }) => {
      const rotated = await this.webhooks.rotateSecret(organizationId, params.webhook_id);
      const { webhook, secret, previousUntil } = rotated;
      const body = { ...toApiWebhook(webhook), secret, previous_secret_expires_at: toApiTime(previousUntil) };
      return { status: 200 as const, body };
    });
  }

  @TsRestHandler(api.ping)
  ping(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.ping, async ({ params }) => {
      const delivery = await this.webhooks.ping(organizationId, params.webhook_id);
      return { status: 200 as const, body: toApiDelivery(delivery) };
    });
  }

  @TsRestHandler(api.deliveries)
  deliveries(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.deliveries, async ({ params, query }) => {
      const page = fromApiPage(query, PAGE_SIZE);
      const state = query.state ?? null;
      const { total, deliveries } = await this.webhooks.listDeliveries(organizationId, params.webhook_id, state, page);
      const result = deliveries.map(toApiDelivery);
      return { status: 200 as const, body: { count: result.length, total_results: total, result } };
    });
  }

  @TsRestHandler(api.replay)
  replay(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(api.replay, async ({ params }) => {
      const delivery = await this.webhooks.replay(organizationId, params.webhook_id, params.delivery_id);
      return { status: 200 as const, body: toApiDelivery(delivery) };
    });
  }
}
