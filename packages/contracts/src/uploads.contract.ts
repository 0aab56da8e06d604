import { initContract } from '@ts-rest/core';
import { archive } from './archives.schema';
import { uploadReceipt } from './data.schema';
import { modelPath } from './models.schema';
import { errorBody } from './responses';
import { meta } from './route-metadata';
import { bindArchiveBody, bindPairBody, resumableUpload, uploadPath } from './uploads.schema';

const c = initContract();
const path = '/api/v3/uploads';

/** Uploads that survive a broken connection: tus 1.0 (creation, termination, expiration), then what they are. */
export const uploads = c.router({
  createUpload: {
    method: 'POST',
    path,
    summary: 'tus: begin an upload; `Upload-Length` is required, `Upload-Metadata` may have `filename`',
    body: c.noBody(),
    responses: { 201: c.noBody(), 412: errorBody },
    metadata: meta('custom_models:write', 'change', 'key'),
  },
  getUpload: {
    method: 'GET',
    path: `${path}/:upload_id`,
    summary: 'tus: how far an upload is, in `Upload-Offset` (HEAD: without a body)',
    pathParams: uploadPath,
    responses: { 200: resumableUpload, 412: errorBody },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
  appendUpload: {
    method: 'PATCH',
    path: `${path}/:upload_id`,
    summary: 'tus: send bytes from `Upload-Offset` on',
    pathParams: uploadPath,
    body: c.noBody(),
    responses: { 204: c.noBody(), 412: errorBody },
    metadata: meta('custom_models:write', 'change', 'natural'),
  },
  removeUpload: {
    method: 'DELETE',
    path: `${path}/:upload_id`,
    summary: 'tus: end an upload and remove its bytes',
    pathParams: uploadPath,
    body: c.noBody(),
    responses: { 204: c.noBody(), 412: errorBody },
    metadata: meta('custom_models:write', 'change', 'natural'),
  },
  bindPair: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/data/from_uploads',
    summary: 'Make a pair of complete uploads',
    pathParams: modelPath,
    body: bindPairBody,
    responses: { 200: uploadReceipt },
    metadata: meta('custom_models:write', 'data_upload', 'effect'),
  },
  bindArchive: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/data/archives/from_upload',
    summary: 'Unpack a complete upload as an archive of pairs',
    pathParams: modelPath,
    body: bindArchiveBody,
    responses: { 202: archive },
    metadata: meta('custom_models:write', 'data_upload', 'effect'),
  },
});
