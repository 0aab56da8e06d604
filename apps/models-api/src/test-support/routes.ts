import type { AppRoute } from '@ts-rest/core';
import { adminContract, contract, isRouteMetadata, type CostClass, type Scope } from '@attune/contracts';
import { archiveForm } from './archiving';
import { uploadForm } from './uploading';
import type { CallOptions } from './test-api';

interface AnyRoute {
  /** `customModels.create`: the operation's id in the OpenAPI document. */
  id: string;
  name: string;
  method: string;
  /** With `:id` where the route names a model, and so on. */
  path: string;
  /** A body that the route would accept. */
  body: () => CallOptions;
  /** False where the contract asks for a body and none stands below: tests over all routes refuse that. */
  hasBody: boolean;
}

export interface Route extends AnyRoute {
  scope: Scope;
  costClass: CostClass;
}

const SOME_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const tus = { 'tus-resumable': '1.0.0' };

/** Bodies by operation id, or by name where that is enough to tell. */
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
  cancel: () => ({ json: {} }),
  activate: () => ({ json: {} }),
  estimate: () => ({ json: {} }),
  transcribe: () => ({ json: { model: 'general', audio_file: 'AAAA' } }),
  'webhooks.create': () => ({ json: { url: 'http://127.0.0.1:9/' } }),
  'webhooks.update': () => ({ json: { enabled: false } }),
  rotateSecret: () => ({ json: {} }),
  ping: () => ({ json: {} }),
  replay: () => ({ json: {} }),
  'organizations.create': () => ({ json: { name: 'x', plan: 'gold' } }),
  'organizations.update': () => ({ json: { name: 'x' } }),
  'keys.create': () => ({ json: { name: 'x', scopes: ['custom_models:read'] } }),
};

function routesOf(routers: object): (AnyRoute & { metadata: unknown })[] {
  return Object.entries(routers as Record<string, Record<string, AppRoute>>).flatMap(([router, routes]) =>
    Object.entries(routes).map(([name, route]) => {
      const id = `${router}.${name}`;
      const body = bodies[id] ?? bodies[name];
      const { method, path, metadata } = route;
      return { id, name, method, path, metadata, body: body ?? (() => ({})), hasBody: body !== undefined };
    }),
  );
}

/** Every route of the contract: one that is added is in every test that goes over all of them. */
export const routes: Route[] = routesOf(contract).map(({ metadata, ...route }) => {
  if (!isRouteMetadata(metadata)) throw new Error(`${route.id} has no metadata`);
  return { ...route, scope: metadata.scope, costClass: metadata.costClass };
});

export const modelRoutes = routes.filter(({ path }) => path.includes(':id'));

/** Every route of the operators' contract. */
export const adminRoutes: AnyRoute[] = routesOf(adminContract);

/** The path with every parameter filled in. */
export function fillPath(path: string, valueOf: (parameter: string) => string | number): string {
  return path.replaceAll(/:([a-z_]+)/gi, (_, parameter: string) => String(valueOf(parameter)));
}
