import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { AppError, messageOf } from '@attune/kernel';

const JSON_TYPE = 'application/json';
const unreadPath = contract.stt.transcribe.path;

/**
 * Makes the JSON parser leave alone what is passed on to another service (recordings in base64, of any size), and parse
 * everything else as before. Call it on an initialized application: its own parser exists only then.
 */
export function leaveBodiesUnread(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const limitBytes = fastify.initialConfig.bodyLimit ?? 0;
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser(JSON_TYPE);
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
      throw new AppError('PAYLOAD_TOO_LARGE', 'The request body is too large', { details: { limit_bytes: limitBytes } });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
