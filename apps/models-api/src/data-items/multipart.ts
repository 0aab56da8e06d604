import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { discardBody } from '@attune/http';
import type { UploadPart } from './upload';
import { brokenMultipart, notMultipart, requestTooLarge, uploadAborted, uploadStalled } from './upload.errors';

/** Bounds of what has to fit into memory; the files' own sizes are bounded where they are received. */
const ENVELOPE_LIMITS = { parts: 16, fields: 8, files: 8, fieldNameSize: 256, fieldSize: 1024, headerPairs: 32 };
/** A client that says nothing for so long has gone, whatever its connection says. */
export const SILENCE_MS = 120_000;

/**
 * The parts of an upload, from its request. Refuses at once what is no multipart (UNSUPPORTED_MEDIA_TYPE) and what says
 * of itself that it is too long (PAYLOAD_TOO_LARGE); nothing is read before the first part is asked for.
 */
export function uploadParts(
  request: FastifyRequest,
  limitBytes: number,
  silenceMs = SILENCE_MS,
): AsyncGenerator<UploadPart> {
  if (!isMultipart(request.headers['content-type'] ?? '')) throw notMultipart();
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw requestTooLarge(limitBytes);
  return readParts(request.raw, silenceMs);
}

export function isMultipart(contentType: string): boolean {
  return /^multipart\/form-data *;/i.test(contentType);
}

/**
 * The parts of a multipart request, read only as fast as they are taken. When whoever takes them stops early, a little of
 * what is still coming is read and thrown away, so that the client gets to see the refusal.
 */
export async function* readParts(raw: IncomingMessage, silenceMs = SILENCE_MS): AsyncGenerator<UploadPart> {
  let isComplete = false;
  try {
    yield* parse(raw, silenceMs);
    isComplete = true;
  } finally {
    if (!isComplete) await discardBody(raw);
  }
}

function parse(raw: IncomingMessage, silenceMs: number): AsyncIterable<UploadPart> {
  const parts = new PassThrough({ objectMode: true });
  const parser = openParser(raw);
  let file: Readable | undefined;
  // Whoever takes the parts sees a failure when it asks for the next one; until then nobody listens.
  parts.on('error', () => undefined);
  const fail = (error: Error): void => {
    raw.unpipe(parser);
    file?.destroy(error);
    parts.destroy(error);
  };
  parser.on('field', (name, value) => parts.write({ kind: 'field', name, value } satisfies UploadPart));
  parser.on('file', (name, bytes, filename) => {
    file = bytes;
    // The parser only says "error" and leaves the stream open: whoever reads it later would wait for ever.
    bytes.on('error', (error) => bytes.destroy(error));
    parts.write({ kind: 'file', name, filename, bytes } satisfies UploadPart);
  });
  for (const limit of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) {
    parser.on(limit, () => fail(brokenMultipart('too many parts')));
  }
  parser.on('error', (error) => fail(brokenMultipart(String(error))));
  parser.on('finish', () => parts.end());
  // Not raw.complete: a connection that breaks takes bytes along that had come and were not read yet.
  const failUnlessRead = (): void => {
    if (!raw.readableEnded) fail(uploadAborted());
  };
  if (raw.destroyed) failUnlessRead();
  else raw.once('close', failUnlessRead);
  const stopWatching = watchSilence(raw, silenceMs, () => fail(uploadStalled()));
  parts.once('close', stopWatching);
  raw.once('close', stopWatching).pipe(parser);
  return parts;
}

/** Calls `onSilence` once nothing has come for `silenceMs` while there was room for it; answers how to stop that. */
function watchSilence(raw: IncomingMessage, silenceMs: number, onSilence: () => void): () => void {
  const looks = 4;
  let silent = 0;
  const hear = (): void => {
    silent = 0;
  };
  const timer = setInterval(() => {
    // A store that is slow stops the reading: that silence is ours.
    silent = raw.isPaused() ? 0 : silent + 1;
    if (silent > looks) onSilence();
  }, silenceMs / looks);
  raw.on('data', hear);
  return () => {
    clearInterval(timer);
    raw.off('data', hear);
  };
}

type Parser = InstanceType<typeof Busboy>;

function openParser(raw: IncomingMessage): Parser {
  try {
    return new Busboy({ headers: raw.headers as BusboyHeaders, limits: ENVELOPE_LIMITS });
  } catch (error) {
    throw brokenMultipart(String(error));
  }
}
