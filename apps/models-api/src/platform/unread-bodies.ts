import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { AppError, messageOf } from '@attune/kernel';

const JSON_TYPE = 'application/json';
/** Multipart and pieces of uploads because they are long; plain text because whether it is UTF-8 is for its handler to judge. */
const UNREAD_TYPES = ['multipart/form-data', 'application/offset+octet-stream', 'text/plain'];
const unreadPath = contract.stt.transcribe.path;

/**
 * Lets handlers have bodies as streams where they must never be in memory: multipart, always; JSON, where it is passed on
 * to another service (recordings in base64). Other JSON is parsed as before. Call it on an initialized application: its
 * own parser exists only then.
 */
export function leaveBodiesUnread(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const limitBytes = fastify.initialConfig.bodyLimit ?? 0;
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser([JSON_TYPE, 'text/plain']);
  fastify.addContentTypeParser(UNREAD_TYPES, (_request: FastifyRequest, _payload: NodeJS.ReadableStream, done) =>
    done(null),
  );
  fastify.addContentTypeParser(JSON_TYPE, (request: FastifyRequest, payload: NodeJS.ReadableStream, done) => {
    if (request.routeOptions.url === unreadPath) {
      done(null, undefined);
      return;
    }
    collect(payload, limitBytes).then(
      (text) => parseJson(request, text, done),
      (error: unknown) => done(error instanceof Error ? error : new Error(messageOf(error))),
    );
  });
}

async function collect(payload: AsyncIterable<string | Buffer>, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payload) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new AppError('PAYLOAD_TOO_LARGE', 'The request body is too large', {
        details: { limit_bytes: limitBytes },
      });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
