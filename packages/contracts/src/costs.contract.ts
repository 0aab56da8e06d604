import { initContract } from '@ts-rest/core';
import { estimate, estimateBody, usageList, usageQuery } from './costs.schema';
import { modelPath } from './models.schema';
import { meta } from './route-metadata';

const c = initContract();

/** What training has cost, and what it would cost. */
export const costs = c.router({
  usage: {
    method: 'GET',
    path: '/api/v3/usage',
    summary: 'What succeeded runs used and cost, one line a run, newest first',
    query: usageQuery,
    responses: { 200: usageList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  estimate: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/estimate',
    summary: 'Estimate what the next run would use, cost and take; starts nothing',
    pathParams: modelPath,
    body: estimateBody,
    responses: { 200: estimate },
    metadata: meta('custom_models:write', 'change', 'natural'),
  },
});
