import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import '@fastify/multipart';
import { largestRequest, type UploadLimits, type UploadPart } from './upload';
import { notMultipart, requestTooLarge, uploadAborted } from './upload.errors';

const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 2000;

/**
 * The parts of an upload, from its request. Refuses at once what is no multipart (UNSUPPORTED_MEDIA_TYPE) and what says
 * of itself that it is too long (PAYLOAD_TOO_LARGE); nothing is read before the first part is asked for.
 */
export function uploadParts(request: FastifyRequest, limits: UploadLimits): AsyncGenerator<UploadPart> {
  if (!request.isMultipart()) throw notMultipart();
  const limitBytes = largestRequest(limits);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw requestTooLarge(limitBytes);
  return readParts(request);
}

/**
 * The parts of a multipart request, read only as fast as they are taken. When whoever takes them stops early, a little of
 * what is still coming is read and thrown away, so that the client gets to see the refusal.
 */
async function* readParts(request: FastifyRequest): AsyncGenerator<UploadPart> {
  let complete = false;
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') yield { kind: 'file', name: part.fieldname, filename: part.filename, bytes: part.file };
      else yield { kind: 'field', name: part.fieldname, value: String(part.value) };
    }
    complete = request.raw.complete;
    if (!complete) throw uploadAborted();
  } finally {
    if (!complete) await discardRest(request.raw);
  }
}

/** Reads on without keeping anything, at most 8 MiB and two seconds. */
function discardRest(raw: IncomingMessage): Promise<void> {
  raw.unpipe();
  if (raw.readableEnded || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      raw.off('data', count);
      raw.pause();
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > DISCARD_BYTES) done();
    };
    const timer = setTimeout(done, DISCARD_MS);
    raw.on('data', count).once('end', done).once('close', done).once('error', done);
    raw.resume();
  });
}
