import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { AppError } from '@attune/kernel';
import { displayFilename } from './data-item';
import type { SentTranscript } from './data-edits.service';
import { isMultipart, readParts, SILENCE_MS } from './multipart';
import { endSilence } from './silence';
import { fileTooLarge, invalidUpload } from './upload.errors';

const FIELD = 'transcript_file';

/**
 * A transcript from a request's body: as `transcript_file` of a form, as in an upload, or as plain text. Its bytes are kept as
 * they come, since whether they are UTF-8 is to be judged. Throws VALIDATION_ERROR, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE.
 */
export async function readTranscriptBody(request: FastifyRequest, limitBytes: number): Promise<SentTranscript> {
  const type = request.headers['content-type'] ?? '';
  if (isMultipart(type)) return readForm(request, limitBytes);
  if (/^text\/plain *(;|$)/i.test(type)) return { filename: null, content: await readText(request, limitBytes) };
  throw new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Send the transcript as ${FIELD} of multipart/form-data, or as text/plain in UTF-8`,
  );
}

async function readForm(request: FastifyRequest, limitBytes: number): Promise<SentTranscript> {
  let sent: SentTranscript | null = null;
  for await (const part of readParts(request.raw)) {
    if (part.name !== FIELD) throw invalidUpload({ [part.name]: 'unknown field' });
    if (part.kind !== 'file') throw invalidUpload({ [FIELD]: 'must be a file' });
    if (sent) throw invalidUpload({ [FIELD]: 'given more than once' });
    sent = {
      filename: displayFilename(part.filename, 'transcript.txt'),
      content: await collect(part.bytes, limitBytes),
    };
  }
  if (!sent) throw invalidUpload({ [FIELD]: 'required' });
  return sent;
}

async function readText(request: FastifyRequest, limitBytes: number): Promise<Buffer> {
  const stopWatching = endSilence(request.raw, SILENCE_MS);
  return collect(request.raw, limitBytes).finally(stopWatching);
}

async function collect(source: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) throw fileTooLarge(FIELD, limitBytes);
  }
  return Buffer.concat(chunks);
}
