import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { delay } from '@attune/kernel';
import { PlatformUnreachable, UnexpectedAnswer } from './errors';

/** A body of known length that can be read again for a second try. */
export interface RequestBody {
  contentType: string;
  bytes: number;
  open(): AsyncIterable<Buffer>;
}

export interface HttpExchange {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: RequestBody;
  /** Where the body of a successful answer is written, as it comes; it is not parsed then. */
  saveTo?: () => Writable;
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  /** Parsed JSON; undefined without a body. */
  body: unknown;
}

/** How long an answer may still arrive after the server stopped reading: a refused upload breaks the pipe first. */
const LATE_ANSWER_MS = 1000;

/**
 * One HTTP exchange over node:http: fetch would give up on an answer after five minutes, and a long recording takes longer.
 * Rejects with PlatformUnreachable when no answer came, with the body's own error when reading it failed.
 */
export async function exchange(call: HttpExchange): Promise<HttpAnswer> {
  const send = call.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers: OutgoingHttpHeaders = { accept: 'application/json', ...call.headers };
  if (call.body) Object.assign(headers, { 'content-type': call.body.contentType, 'content-length': call.body.bytes });
  // A connection of its own: the process ends when the work does, and no idle connection breaks under the next call.
  const request = send(call.url, {
    method: call.method,
    headers,
    agent: false,
    ...(call.signal && { signal: call.signal }),
  });
  const answered = answerOf(request, call);
  // Handled below; without this a refusal during the upload would count as unhandled.
  answered.catch(() => undefined);
  await writeBody(request, call.body, answered);
  return answered;
}

/** Sends the body while the server takes it. Stops without an error when the server has answered before the end. */
async function writeBody(
  request: ClientRequest,
  body: RequestBody | undefined,
  answered: Promise<unknown>,
): Promise<void> {
  if (!body) {
    request.end();
    return;
  }
  const source = Readable.from(body.open(), { objectMode: false });
  const finished = new Promise<void>((resolve, reject) => {
    source.once('error', reject);
    request.once('finish', resolve);
    request.once('close', resolve);
  });
  source.pipe(request);
  try {
    await Promise.race([finished, answered.catch(() => undefined)]);
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    source.unpipe(request);
    source.destroy();
  }
}

function answerOf(request: ClientRequest, call: HttpExchange): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    request.once('response', (incoming) => {
      response = incoming;
      readAnswer(incoming, call).then(resolve, (error: unknown) => reject(unreachable(call, error)));
    });
    request.on('error', (error) => {
      if (call.signal?.aborted) {
        reject(error);
        return;
      }
      void delay(call.body ? LATE_ANSWER_MS : 0).then(() => {
        if (!response) reject(unreachable(call, error));
      });
    });
  });
}

/** Reads the whole of an answer: into memory, or to where the call wants it. */
export async function readAnswer(response: IncomingMessage, call: HttpExchange): Promise<HttpAnswer> {
  if (call.saveTo && (response.statusCode ?? 0) < 300) {
    await pipeline(response, call.saveTo());
    return { status: response.statusCode ?? 0, headers: response.headers, body: undefined };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = response.statusCode ?? 0;
  const text = Buffer.concat(chunks).toString('utf8');
  return { status, headers: response.headers, body: text === '' ? undefined : parseJson(status, text) };
}

function parseJson(status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedAnswer(status, 'the body is not JSON');
  }
}

/** What a broken connection means to a caller. */
export function unreachable(call: HttpExchange, error: unknown): Error {
  if (error instanceof UnexpectedAnswer) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return new PlatformUnreachable(call.url.origin, typeof code === 'string' ? code : 'EPROTO', error);
}
