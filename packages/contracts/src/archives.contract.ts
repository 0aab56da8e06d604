import { initContract } from '@ts-rest/core';
import { archive, archivePage, archivePath, archiveQuery, type ArchiveParts } from './archives.schema';
import { modelPath } from './models.schema';
import { meta } from './route-metadata';

const c = initContract();

/** Many pairs at once. */
export const archives = c.router({
  uploadArchive: {
    method: 'POST',
    path: '/api/v3/custom_models/:id/data/archives',
    summary: 'Upload a zip or tar.gz of pairs: by base name, or as its manifest.jsonl says',
    pathParams: modelPath,
    contentType: 'multipart/form-data',
    body: c.type<ArchiveParts>(),
    responses: { 202: archive },
    metadata: meta('custom_models:write', 'data_upload', 'effect'),
  },
  getArchive: {
    method: 'GET',
    path: '/api/v3/custom_models/:id/data/archives/:archive_id',
    summary: 'What became of an archive and of each of its members',
    pathParams: archivePath,
    query: archiveQuery,
    responses: { 200: archivePage },
    metadata: meta('custom_models:read', 'status_check', 'natural'),
  },
});
