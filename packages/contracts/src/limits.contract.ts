import { initContract } from '@ts-rest/core';
import { limitsBody } from './limits.schema';
import { meta } from './route-metadata';

const c = initContract();

export const limits = c.router({
  get: {
    method: 'GET',
    path: '/api/v3/limits',
    summary: 'Every limit of the organization: how much of it is used, what remains, and when there is more',
    responses: { 200: limitsBody },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
});
