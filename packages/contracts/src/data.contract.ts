import { initContract } from '@ts-rest/core';
import { dataItem, dataList, dataPath, listDataQuery, moveDataBody, type TranscriptPart } from './data.schema';
import { modelPath } from './models.schema';
import { errorBody } from './responses';
import { meta } from './route-metadata';

const c = initContract();
const item = { pathParams: dataPath };
const path = '/api/v3/custom_models/:id/data/:data_id';

/** A model's recordings and transcripts, one by one. They come in by `customModels.uploadData`. */
export const data = c.router({
  listData: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/data',
    summary: "List a model's data items, newest first",
    pathParams: modelPath,
    query: listDataQuery,
    responses: { 200: dataList },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  getData: {
    method: 'GET',
    path,
    summary: 'Get a data item with what is known about it',
    ...item,
    responses: { 200: dataItem },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  moveData: {
    method: 'POST',
    path,
    summary: 'Move a data item between training and test data',
    ...item,
    body: moveDataBody,
    responses: { 200: dataItem },
    metadata: meta('custom_models:write', 'change', 'key'),
  },
  deleteData: {
    method: 'DELETE',
    path,
    summary: 'Delete a recording with its transcript, for ever',
    ...item,
    body: c.noBody(),
    responses: { 204: c.noBody() },
    metadata: meta('custom_models:write', 'change', 'natural'),
  },
  downloadAudio: {
    method: 'GET',
    path: `${path}/audio`,
    summary: 'Download the recording as training hears it: 16 kHz mono FLAC. `Range` is supported',
    ...item,
    responses: {
      200: c.otherResponse({ contentType: 'audio/flac', body: c.type<ReadableStream>() }),
      206: c.otherResponse({ contentType: 'audio/flac', body: c.type<ReadableStream>() }),
      416: errorBody,
    },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  downloadTranscript: {
    method: 'GET',
    path: `${path}/transcript`,
    summary: 'Download the transcript as training reads it: UTF-8 text',
    ...item,
    responses: { 200: c.otherResponse({ contentType: 'text/plain; charset=utf-8', body: c.type<string>() }) },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  replaceTranscript: {
    method: 'PUT',
    path: `${path}/transcript`,
    summary: 'Replace the transcript; the old text is erased',
    ...item,
    contentType: 'multipart/form-data',
    body: c.type<TranscriptPart>(),
    responses: { 200: dataItem },
    metadata: meta('custom_models:write', 'change', 'effect'),
  },
});
