import type { Writable } from 'node:stream';
import { delay, newId } from '@attune/kernel';
import { ApiError, PlatformUnreachable, toApiError } from './errors';
import { openEventStream, type StreamMessage } from './event-stream';
import { exchange, type HttpAnswer, type HttpExchange, type RequestBody } from './http-exchange';

export interface TransportOptions {
  /** `http://host:port`, without a path. */
  baseUrl: string;
  apiKey: string;
  /** Seconds that one call may wait in all before it is tried again; then its error is thrown. Default 120. */
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

/** So often a keyed call is sent again whose answer got lost; one without a key never: it may have been carried out. */
const LOST_ANSWERS = 3;

/**
 * Sends calls with the key, waits as long as a 429 or 503 asks for, and turns refusals into ApiError. Every POST and PUT has
 * an Idempotency-Key of its own, the same for all tries: what it does is done once, also when an answer got lost.
 */
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
    if (call.method !== 'POST' && call.method !== 'PUT') return this.patiently(() => exchange(this.toExchange(call)));
    const keyed = { ...call, headers: { ...call.headers, 'idempotency-key': newId() } };
    return this.patiently(() => exchange(this.toExchange(keyed)), LOST_ANSWERS);
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

  /** Asks again for as long as that helps; when the answer was lost, at most `lostAnswers` times, however long nothing listens in between. */
  private async patiently(ask: () => Promise<HttpAnswer>, lostAnswers = 0): Promise<HttpAnswer> {
    let patience = this.options.patienceSeconds ?? DEFAULT_PATIENCE_SECONDS;
    let lost = 0;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await outcomeOf(ask);
      if ('answer' in outcome) return outcome.answer;
      const { error, asked } = outcome;
      const isLost = isBroken(error);
      lost += isLost ? 1 : 0;
      const wait = asked ?? FIRST_WAIT_SECONDS * 2 ** attempt;
      // Whoever took the call and broke is being started again when nothing listens there after that.
      const mayAsk = isLost ? lost <= lostAnswers : mayRetry(error) || (lost > 0 && isRefused(error));
      if (!mayAsk || wait > patience) throw error;
      patience -= wait;
      this.options.onWait?.(wait, error instanceof PlatformUnreachable ? error.code : codeOf(error));
      await delay(wait * 1000, this.signal);
      this.signal?.throwIfAborted();
    }
  }
}

type Outcome = { answer: HttpAnswer } | { error: Error; asked: number | null };

/** The connection was there, and broke: nobody knows what became of the call. */
const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'EPROTO']);

async function outcomeOf(ask: () => Promise<HttpAnswer>): Promise<Outcome> {
  try {
    const answer = await ask();
    if (answer.status < 400) return { answer };
    const asked = retryAfterSeconds(answer);
    return { error: toApiError(answer.status, answer.body, asked), asked };
  } catch (error) {
    if (error instanceof PlatformUnreachable) return { error, asked: null };
    throw error;
  }
}

function isBroken(error: Error): boolean {
  return error instanceof PlatformUnreachable && BROKEN.has(error.code);
}

function isRefused(error: Error): boolean {
  return error instanceof PlatformUnreachable && error.code === 'ECONNREFUSED';
}

/** Too many calls, no capacity now, or an earlier try of this very call is still being answered. */
function mayRetry(error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 429 || error.status === 503 || error.errorCode === 'IDEMPOTENCY_CONFLICT';
}

function codeOf(error: Error): string {
  return error instanceof ApiError ? error.errorCode : error.name;
}

/** Seconds from the `Retry-After` header (RFC 9110, 10.2.3; the platform sends no dates), else from the body. */
function retryAfterSeconds(answer: HttpAnswer): number | null {
  const header = Number(answer.headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(header) && header >= 0) return header;
  const body = answer.body;
  const seconds = typeof body === 'object' && body !== null && 'retry_after' in body ? body.retry_after : undefined;
  return typeof seconds === 'number' && seconds >= 0 ? seconds : null;
}
