import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { systemClock, type Clock } from '@attune/kernel';
import type { FilesystemStoreConfig } from '../config';
import type { ByteRange } from '../object-store';
import { InvalidObjectKey, ObjectAlreadyExists, ObjectDigestMismatch, ObjectNotFound } from '../object-store.errors';
import { FilesystemStore } from './filesystem-store';
import { verifySignedQuery, type SignedClaim } from './signed-path';

/** A refusal: the status and one line of plain text. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A plain node handler that answers the filesystem store's signed URLs, to be mounted below the path of `publicBaseUrl`.
 * GET answers 200, or 206 for one byte range; PUT is write-once and answers 201. Refusals: 400 not the signed sha256, 403 the URL was changed or is for the
 * other method, 410 it has expired, 404 no such object, 405, 411 no Content-Length, 412 the key already holds an object, 416.
 */
export function filesystemStoreHandler(
  config: FilesystemStoreConfig,
  clock: Clock = systemClock,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const store = new FilesystemStore(config, clock);
  const base = new URL(config.publicBaseUrl);

  const claimOf = (request: IncomingMessage): SignedClaim => {
    const url = new URL(request.url ?? '/', base);
    const key = url.pathname.slice(base.pathname.replace(/\/$/, '').length + 1);
    const claim = verifySignedQuery(config.signingSecret, key, url.searchParams);
    if (claim === null) throw new Refusal(403, 'the signature does not fit this URL');
    if (claim.method !== request.method) throw new Refusal(403, `this URL is for ${claim.method} only`);
    if (claim.expiresAtSeconds * 1000 <= clock.now().getTime()) throw new Refusal(410, 'this URL has expired');
    return claim;
  };

  return async (request, response) => {
    try {
      if (request.method === 'GET') await sendObject(store, claimOf(request), request, response);
      else if (request.method === 'PUT') await receiveObject(store, claimOf(request), request, response);
      else throw new Refusal(405, 'only GET and PUT');
    } catch (error) {
      refuse(toRefusal(error), request, response);
    }
  };
}

async function sendObject(
  store: FilesystemStore,
  { key }: SignedClaim,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { bytes } = await store.stat(key);
  const range = rangeOf(request.headers.range, bytes);
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  const content = await store.get(key, bytes === 0 ? {} : { range: { start, end } });
  response.writeHead(range === null ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    ...(range === null ? {} : { 'content-range': `bytes ${String(start)}-${String(end)}/${String(bytes)}` }),
  });
  await pipeline(content, response);
}

async function receiveObject(
  store: FilesystemStore,
  { key, sha256 }: SignedClaim,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Without a length, a connection that breaks could pass for the end of the object.
  if (request.headers['content-length'] === undefined) throw new Refusal(411, 'Content-Length is needed');
  if (await store.exists(key)) {
    // Taken in and thrown away: a sender that is still writing when the connection closes may never read the answer.
    await finished(request.resume());
    throw new ObjectAlreadyExists(key);
  }
  await store.put(key, request, { ifAbsent: true, sha256 });
  response.writeHead(201, { 'content-length': 0 }).end();
}

/** The one range that is asked for, cut to the object (RFC 9110, 14.2); null for none, several, or one that is not understood. */
function rangeOf(header: string | undefined, bytes: number): Required<ByteRange> | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (start > end) throw new Refusal(416, `the object has ${String(bytes)} bytes`);
  return { start, end };
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ObjectNotFound) return new Refusal(404, 'no such object');
  if (error instanceof ObjectAlreadyExists)
    return new Refusal(412, 'there is an object already, and objects are written once');
  if (error instanceof ObjectDigestMismatch) return new Refusal(400, 'these are not the bytes that this URL is for');
  if (error instanceof InvalidObjectKey) return new Refusal(403, 'not an object key');
  return new Refusal(500, 'the object store failed');
}

function refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
  const broken = request.destroyed && !request.complete;
  if (response.headersSent || broken) {
    response.destroy();
    return;
  }
  // What is left of the body is not read, so the connection cannot serve another request.
  response
    .writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    .end(`${refusal.message}\n`);
}
