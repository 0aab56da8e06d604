import type { AppRoute } from '@ts-rest/core';
import { contract, isRouteMetadata, type Scope } from '@attune/contracts';
import { archiveForm } from './archiving';
import { uploadForm } from './uploading';
import type { CallOptions } from './test-api';

export interface Route {
  name: string;
  method: string;
  /** With `:id` where the route names a model. */
  path: string;
  scope: Scope;
  /** A body that the route would accept. */
  body: () => CallOptions;
}

const SOME_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const tus = { 'tus-resumable': '1.0.0' };

const bodies: Record<string, () => CallOptions> = {
  create: () => ({ json: { name: 'x', language: 'en' } }),
  update: () => ({ json: { name: 'x' } }),
  uploadData: () => ({ body: uploadForm() }),
  moveData: () => ({ json: { type: 'test' } }),
  replaceTranscript: () => ({ body: 'the words', headers: { 'content-type': 'text/plain' } }),
  uploadArchive: () => ({ body: archiveForm() }),
  bindPair: () => ({ json: { type: 'train', audio_upload_id: SOME_ID, transcript: 'the words' } }),
  bindArchive: () => ({ json: { upload_id: SOME_ID } }),
  createUpload: () => ({ headers: { ...tus, 'upload-length': '10' } }),
  getUpload: () => ({ headers: tus }),
  appendUpload: () => ({
    body: 'x',
    headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
  }),
  removeUpload: () => ({ headers: tus }),
  run: () => ({ json: {} }),
  transcribe: () => ({ json: { model: 'general', audio_file: 'AAAA' } }),
};

/** Every route of the contract: one that is added is in every test that goes over all of them. */
export const routes: Route[] = Object.values(contract).flatMap((router) =>
  Object.entries<AppRoute>(router).map(([name, { method, path, metadata }]) => {
    if (!isRouteMetadata(metadata)) throw new Error(`${name} has no metadata`);
    return { name, method, path, scope: metadata.scope, body: bodies[name] ?? (() => ({})) };
  }),
);

export const modelRoutes = routes.filter(({ path }) => path.includes(':id'));
