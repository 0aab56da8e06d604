import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readAnswer, unreachable, type HttpAnswer, type HttpExchange } from './http-exchange';

/** One message of an event stream. */
export interface StreamMessage {
  event: string;
  data: string;
}

/** A stream that is open, or the platform's answer when it is none. */
export type OpenedStream = { messages: AsyncGenerator<StreamMessage, void> } | { answer: HttpAnswer };

/** Opens a stream of server-sent events (WHATWG HTML, 9.2). Rejects, and so do its messages, with PlatformUnreachable when the connection breaks. */
export async function openEventStream(call: HttpExchange): Promise<OpenedStream> {
  const send = call.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(call.url, {
      method: call.method,
      headers: { ...call.headers, accept: 'text/event-stream' },
      agent: false,
      ...(call.signal && { signal: call.signal }),
    });
    request.once('response', resolve);
    request.once('error', (error) => reject(call.signal?.aborted ? error : unreachable(call, error)));
    request.end();
  });
  if (response.statusCode === 200) return { messages: messagesOf(call, response) };
  return { answer: await readAnswer(response, call) };
}

async function* messagesOf(call: HttpExchange, response: IncomingMessage): AsyncGenerator<StreamMessage, void> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      yield* blocks.flatMap(toMessage);
    }
  } catch (error) {
    throw call.signal?.aborted ? error : unreachable(call, error);
  } finally {
    response.destroy();
  }
}

/** Comments and fields of no use here are left out. */
function toMessage(block: string): StreamMessage[] {
  const fields = new Map(block.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*: ?/, '')]));
  const data = fields.get('data');
  return data === undefined ? [] : [{ event: fields.get('event') ?? 'message', data }];
}
