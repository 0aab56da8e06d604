import { initContract } from '@ts-rest/core';
import { archives } from './archives.contract';
import { costs } from './costs.contract';
import { data } from './data.contract';
import { dataSummary, uploadReceipt, type UploadParts } from './data.schema';
import { createModelBody, listModelsQuery, model, modelList, modelPath, updateModelBody } from './models.schema';
import { limits } from './limits.contract';
import { commonResponses } from './responses';
import { meta } from './route-metadata';
import { runs, versions } from './runs.contract';
import { logList, logQuery, runBody } from './runs.schema';
import { transcribeBody, transcript } from './stt.schema';
import { uploads } from './uploads.contract';
import { webhooks } from './webhooks.contract';

const c = initContract();
const id = { pathParams: modelPath };

export const customModels = c.router({
  create: {
    method: 'POST',
    path: '/api/v3/custom_models',
    summary: 'Create a custom model',
    body: createModelBody,
    responses: { 201: model },
    metadata: meta('custom_models:write', 'model_creation', 'key'),
  },
  list: {
    method: 'GET',
    path: '/api/v3/custom_models',
    summary: 'List custom models, newest first',
    query: listModelsQuery,
    responses: { 200: modelList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  get: {
    method: 'GET',
    path: '/api/v3/custom_models/:id',
    summary: 'Get a custom model',
    ...id,
    responses: { 200: model },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  update: {
    method: 'POST',
    path: '/api/v3/custom_models/:id',
    summary: 'Change name or description',
    ...id,
    body: updateModelBody,
    responses: { 200: model },
    metadata: meta('custom_models:write', 'change', 'key'),
  },
  remove: {
    method: 'DELETE',
    path: '/api/v3/custom_models/:id',
    summary: 'Delete a model with its audio, transcripts and artifacts, for ever',
    ...id,
    body: c.noBody(),
    responses: { 204: c.noBody() },
    metadata: meta('custom_models:write', 'change', 'natural'),
  },
  uploadData: {
    method: 'PUT',
    path: '/api/v3/custom_models/:id/data',
    summary: 'Upload one recording with its transcript',
    ...id,
    contentType: 'multipart/form-data',
    body: c.type<UploadParts>(),
    responses: { 200: uploadReceipt },
    metadata: meta('custom_models:write', 'data_upload', 'effect'),
  },
  dataSummary: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/data/summary',
    summary: "Count the model's items by type and status",
    ...id,
    responses: { 200: dataSummary },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  run: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/run',
    summary: 'Start training',
    ...id,
    body: runBody,
    responses: { 200: model },
    metadata: meta('custom_models:write', 'training_start', 'effect'),
  },
  log: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/log',
    summary: 'Training log, oldest line first; `Accept: text/plain` gives plain text',
    ...id,
    query: logQuery,
    responses: { 200: logList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
});

export const stt = c.router({
  transcribe: {
    method: 'POST',
    path: '/api/v3/stt',
    summary: 'Transcribe a recording with a base or a custom model',
    body: transcribeBody,
    responses: { 200: transcript },
    metadata: meta('stt:transcribe', 'transcription', 'natural'),
  },
});

/** The whole public API. */
export const contract = c.router(
  { customModels, data, archives, uploads, runs, versions, limits, costs, stt, webhooks },
  { commonResponses, strictStatusCodes: true },
);
