import type { FastifyReply, FastifyRequest } from 'fastify';
import { discardBody } from '@attune/http';
import { isUuid } from '@attune/kernel';
import { displayFilename } from '../data-items/data-item';
import { SILENCE_MS } from '../data-items/multipart';
import { endSilence } from '../data-items/silence';
import { readByteCount, readMetadata, TUS_EXTENSIONS, TUS_VERSION, type ResumableUpload } from './resumable-upload';
import { invalidHeader, notOffsetStream, unsupportedTusVersion, uploadNotFound } from './resumable-upload.errors';

/** tus 1.0 in headers: what a request says, and what its answer says. */

export type UploadRequest = FastifyRequest<{ Params: { upload_id: string } }>;

/** Every answer names the version, refusals too; a request that is not of it goes no further. Throws UNSUPPORTED_TUS_VERSION. */
export function speakTus(request: FastifyRequest, reply: FastifyReply): void {
  void reply.headers({ 'tus-resumable': TUS_VERSION, 'tus-version': TUS_VERSION, 'cache-control': 'no-store' });
  if (request.headers['tus-resumable'] !== TUS_VERSION) throw unsupportedTusVersion();
}

export function describeServer(reply: FastifyReply, limitBytes: number): void {
  void reply.headers({
    'tus-resumable': TUS_VERSION,
    'tus-version': TUS_VERSION,
    'tus-extension': TUS_EXTENSIONS,
    'tus-max-size': String(limitBytes),
  });
}

export function describeUpload(reply: FastifyReply, upload: ResumableUpload): void {
  void reply.headers({
    'upload-offset': String(upload.offsetBytes),
    'upload-length': String(upload.lengthBytes),
    'upload-expires': upload.expiresAt.toUTCString(),
  });
}

/** Throws UPLOAD_NOT_FOUND for what could be no upload's id. */
export function uploadIdOf(request: UploadRequest): string {
  const { upload_id: id } = request.params;
  if (!isUuid(id)) throw uploadNotFound();
  return id;
}

/** Lets a client that is refused in the middle of its body get to see why, and waits for a silent one no longer than that. */
export async function seenByClient<T>(
  request: FastifyRequest,
  work: () => Promise<T>,
  silenceMs = SILENCE_MS,
): Promise<T> {
  const stopWatching = endSilence(request.raw, silenceMs);
  try {
    return await work();
  } finally {
    stopWatching();
    if (!request.raw.complete) await discardBody(request.raw);
  }
}

/** What a creation announces. Throws VALIDATION_ERROR; an upload of unknown length is not taken. */
export function readCreation(request: FastifyRequest): { lengthBytes: number; filename: string } {
  const lengthBytes = readByteCount(headerOf(request, 'upload-length'));
  if (lengthBytes === null) throw invalidHeader('Upload-Length', 'required: the number of bytes of the whole file');
  return {
    lengthBytes,
    filename: displayFilename(readMetadata(headerOf(request, 'upload-metadata'), 'filename'), 'upload'),
  };
}

/** Where an append begins. Throws VALIDATION_ERROR, UNSUPPORTED_MEDIA_TYPE. */
export function readAppend(request: FastifyRequest): number {
  if (request.headers['content-type'] !== 'application/offset+octet-stream') throw notOffsetStream();
  const offsetBytes = readByteCount(headerOf(request, 'upload-offset'));
  if (offsetBytes === null) throw invalidHeader('Upload-Offset', 'required: where these bytes begin');
  return offsetBytes;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
