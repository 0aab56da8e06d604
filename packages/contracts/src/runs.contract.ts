import { initContract } from '@ts-rest/core';
import { feedPage, feedQuery } from './events.schema';
import { model, modelPath } from './models.schema';
import { meta } from './route-metadata';
import { emptyBody, run, runList, runPath, runsQuery } from './runs.schema';
import { versionList, versionPath, versionsQuery } from './versions.schema';

const c = initContract();
const id = { pathParams: modelPath };

/** Control over runs once they are started. */
export const runs = c.router({
  cancel: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/cancel',
    summary: 'Cancel the live run; it ends within seconds, and the model can be trained again',
    ...id,
    body: emptyBody,
    responses: { 200: model },
    metadata: meta('custom_models:write', 'change', 'key'),
  },
  list: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/runs',
    summary: "List the model's runs, newest first",
    ...id,
    query: runsQuery,
    responses: { 200: runList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  get: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/runs/:run_id',
    summary: 'Get a run',
    pathParams: runPath,
    responses: { 200: run },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  events: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/events',
    summary:
      "What happened in the model's runs, oldest first, by cursor; `Accept: text/event-stream` follows it as server-sent events",
    ...id,
    query: feedQuery,
    responses: { 200: feedPage },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
});

/** What succeeded runs made. */
export const versions = c.router({
  list: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/versions',
    summary: "List the model's versions, newest first",
    ...id,
    query: versionsQuery,
    responses: { 200: versionList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  activate: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/versions/:number/activate',
    summary: 'Make a version the one that the model serves with, an earlier one too',
    pathParams: versionPath,
    body: emptyBody,
    responses: { 200: model },
    metadata: meta('custom_models:write', 'change', 'key'),
  },
});
