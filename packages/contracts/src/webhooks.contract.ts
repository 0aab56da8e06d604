import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { meta } from './route-metadata';
import {
  createdWebhook,
  createWebhookBody,
  deliveryListQuery,
  deliveryPath,
  rotatedWebhook,
  updateWebhookBody,
  webhook,
  webhookDelivery,
  webhookDeliveryList,
  webhookList,
  webhookListQuery,
  webhookPath,
} from './webhooks.schema';

const c = initContract();
const read = meta('custom_models:read', 'status_check', 'natural');
const removal = meta('custom_models:write', 'change', 'natural');
const change = meta('custom_models:write', 'change', 'key');
const id = { pathParams: webhookPath };
const nothing = z.object({}).strict();

export const webhooks = c.router({
  create: {
    method: 'POST',
    path: '/api/v3/webhooks',
    summary: 'Create a webhook; its secret is in this answer only',
    body: createWebhookBody,
    responses: { 201: createdWebhook },
    metadata: change,
  },
  list: {
    method: 'GET',
    path: '/api/v3/webhooks',
    summary: 'List webhooks, newest first',
    query: webhookListQuery,
    responses: { 200: webhookList },
    metadata: read,
  },
  get: {
    method: 'GET',
    path: '/api/v3/webhooks/:webhook_id',
    summary: 'Get a webhook',
    ...id,
    responses: { 200: webhook },
    metadata: read,
  },
  update: {
    method: 'POST',
    path: '/api/v3/webhooks/:webhook_id',
    summary: 'Change url, events or description, or turn it on or off',
    ...id,
    body: updateWebhookBody,
    responses: { 200: webhook },
    metadata: change,
  },
  remove: {
    method: 'DELETE',
    path: '/api/v3/webhooks/:webhook_id',
    summary: 'Delete a webhook with its deliveries',
    ...id,
    body: c.noBody(),
    responses: { 204: c.noBody() },
    metadata: removal,
  },
  rotateSecret: {
    method: 'POST',
    path: '/api/v3/webhooks/:webhook_id/rotate_secret',
    summary: 'Make a new secret; for 24 hours deliveries are signed with the old one too',
    ...id,
    body: nothing,
    responses: { 200: rotatedWebhook },
    metadata: change,
  },
  ping: {
    method: 'POST',
    path: '/api/v3/webhooks/:webhook_id/ping',
    summary: 'Send a test event, `ping`',
    ...id,
    body: nothing,
    responses: { 200: webhookDelivery },
    metadata: change,
  },
  deliveries: {
    method: 'GET',
    path: '/api/v3/webhooks/:webhook_id/deliveries',
    summary: 'List deliveries, newest first; they are kept for 30 days',
    ...id,
    query: deliveryListQuery,
    responses: { 200: webhookDeliveryList },
    metadata: read,
  },
  replay: {
    method: 'POST',
    path: '/api/v3/webhooks/:webhook_id/deliveries/:delivery_id/replay',
    summary: 'Send a delivery again, with its own message id, on the whole schedule',
    pathParams: deliveryPath,
    body: nothing,
    responses: { 200: webhookDelivery },
    metadata: change,
  },
});
