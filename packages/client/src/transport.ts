import type { Writable } from 'node:stream';
import { delay } from '@attune/kernel';
import { toApiError, UnexpectedAnswer } from './errors';
import { openEventStream, type StreamMessage } from './event-stream';
import { exchange, type HttpAnswer, type HttpExchange, type RequestBody } from './http-exchange';

export interface TransportOptions {
  /** `http://host:port`, without a path. */
  baseUrl: string;
  apiKey: string;
  /** Seconds that one call may wait in all after answers 429 and 503; then their error is thrown. Default 120. */
  patienceSeconds?: number;
  /** Told before each such wait. */
  onWait?: (seconds: number, errorCode: string) => void;
  /** Ends every call and wait of this client. */
  signal?: AbortSignal;
}

export interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: RequestBody;
  /** Where the body of a successful answer is written instead of being parsed. */
  saveTo?: () => Writable;
}

const DEFAULT_PATIENCE_SECONDS = 120;
/** Used where a 503 says nothing itself; doubles with each try. */
const FIRST_WAIT_SECONDS = 1;

/** Sends calls with the key, waits as long as a 429 or 503 asks for, and turns refusals into ApiError. */
export class Transport {
  private readonly base: URL;

  constructor(private readonly options: TransportOptions) {
    if (!URL.canParse(options.baseUrl)) throw new TypeError(`not a URL: ${options.baseUrl}`);
    this.base = new URL(options.baseUrl);
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal;
  }

  /** The answer when its status is below 400. Throws ApiError, PlatformUnreachable or UnexpectedAnswer. */
  async send(call: Call): Promise<HttpAnswer> {
    return this.patiently(() => exchange(this.toExchange(call)));
  }

  /** The messages of an event stream; null when the platform has nothing to tell. Throws as `send` does, before the first message and after. */
  async stream(path: string, headers: Record<string, string>): Promise<AsyncGenerator<StreamMessage, void> | null> {
    let messages: AsyncGenerator<StreamMessage, void> | null = null;
    await this.patiently(async () => {
      const opened = await openEventStream(this.toExchange({ method: 'GET', path, headers }));
      if ('answer' in opened) return opened.answer;
      ({ messages } = opened);
      return { status: 200, headers: {}, body: undefined };
    });
    return messages;
  }

  private toExchange(call: Call): HttpExchange {
    return {
      method: call.method,
      url: new URL(call.path, this.base),
      headers: { ...call.headers, authorization: `Bearer ${this.options.apiKey}` },
      ...(call.body && { body: call.body }),
      ...(call.saveTo && { saveTo: call.saveTo }),
      ...(this.signal && { signal: this.signal }),
    };
  }

  private async patiently(ask: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    let patience = this.options.patienceSeconds ?? DEFAULT_PATIENCE_SECONDS;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await ask();
      if (answer.status < 400) return answer;
      const asked = retryAfterSeconds(answer);
      const error = toApiError(answer.status, answer.body, asked);
      if (error instanceof UnexpectedAnswer || !mayRetry(answer.status)) throw error;
      const wait = asked ?? FIRST_WAIT_SECONDS * 2 ** attempt;
      if (wait > patience) throw error;
      patience -= wait;
      this.options.onWait?.(wait, error.errorCode);
      await delay(wait * 1000, this.signal);
      this.signal?.throwIfAborted();
    }
  }
}

/** Both say that nothing was done: too many calls, or no capacity now. */
function mayRetry(status: number): boolean {
  return status === 429 || status === 503;
}

/** Seconds from the `Retry-After` header (RFC 9110, 10.2.3; the platform sends no dates), else from the body. */
function retryAfterSeconds(answer: HttpAnswer): number | null {
  const header = Number(answer.headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(header) && header >= 0) return header;
  const body = answer.body;
  const seconds = typeof body === 'object' && body !== null && 'retry_after' in body ? body.retry_after : undefined;
  return typeof seconds === 'number' && seconds >= 0 ? seconds : null;
}
