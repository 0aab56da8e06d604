import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { contract } from '@attune/contracts';
import { delay } from '@attune/kernel';
import { ApiError, PlatformUnreachable, UnexpectedAnswer } from './errors';
import type { HttpAnswer } from './http-exchange';
import type { Transport } from './transport';

const TUS = { 'tus-resumable': '1.0.0' };
/** One request; the platform keeps what came of a broken one, so this bounds nothing but how often we hear of progress. */
const CHUNK_BYTES = 32 * 1024 * 1024;
/** Failures one after the other without a byte of progress between them. */
const MOST_FAILURES = 8;
const FIRST_PAUSE_MS = 500;

/**
 * Sends a file by tus 1.0 and answers the upload's id. A broken connection, or a platform that is started anew, costs what was
 * on its way. Throws PlatformUnreachable when it stays away, ApiError for a refusal.
 */
export async function sendResumably(
  transport: Transport,
  path: string,
  options: { onBytes?: (bytes: number) => void },
): Promise<string> {
  const { size } = await stat(path);
  const id = await create(transport, path, size);
  let offset = 0;
  for (let failures = 0; offset < size;) {
    try {
      const end = Math.min(offset + CHUNK_BYTES, size);
      const next = offsetOf(await append(transport, id, path, offset, end));
      options.onBytes?.(next - offset);
      offset = next;
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!mayGoOn(error) || failures > MOST_FAILURES) throw error;
      await delay(FIRST_PAUSE_MS * 2 ** (failures - 1), transport.signal);
      transport.signal?.throwIfAborted();
      offset = await currentOffset(transport, id, offset);
    }
  }
  return id;
}

async function create(transport: Transport, path: string, size: number): Promise<string> {
  const answer = await transport.send({
    method: 'POST',
    path: contract.uploads.createUpload.path,
    headers: {
      ...TUS,
      'upload-length': String(size),
      'upload-metadata': `filename ${Buffer.from(basename(path)).toString('base64')}`,
    },
  });
  const id = answer.headers.location?.split('/').at(-1);
  if (id === undefined) throw new UnexpectedAnswer(answer.status, 'no Location');
  return id;
}

function append(transport: Transport, id: string, path: string, start: number, end: number): Promise<HttpAnswer> {
  return transport.send({
    method: 'PATCH',
    path: contract.uploads.appendUpload.path.replace(':upload_id', id),
    headers: { ...TUS, 'upload-offset': String(start) },
    body: {
      contentType: 'application/offset+octet-stream',
      bytes: end - start,
      open: () => createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>,
    },
  });
}

/** Where the platform is; where we were, if it cannot be asked now. */
async function currentOffset(transport: Transport, id: string, known: number): Promise<number> {
  try {
    const path = contract.uploads.getUpload.path.replace(':upload_id', id);
    return offsetOf(await transport.send({ method: 'GET', path, headers: TUS }));
  } catch (error) {
    if (error instanceof PlatformUnreachable) return known;
    throw error;
  }
}

/** A connection broke, or somebody (a request of ours that we gave up) went on meanwhile. */
function mayGoOn(error: unknown): boolean {
  return (
    error instanceof PlatformUnreachable || (error instanceof ApiError && error.errorCode === 'UPLOAD_OFFSET_CONFLICT')
  );
}

function offsetOf(answer: HttpAnswer): number {
  const offset = Number(answer.headers['upload-offset'] ?? Number.NaN);
  if (!Number.isSafeInteger(offset)) throw new UnexpectedAnswer(answer.status, 'no Upload-Offset');
  return offset;
}
