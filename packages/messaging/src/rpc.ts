import { requestSchemas, type ReplyOf, type RequestName, type RequestOf, type Service } from '@attune/events';
import { AppError, isErrorCode, messageOf, newId } from '@attune/kernel';
import { logContext, withLogContext, type Logger } from '@attune/observability';
import {
  NoRespondersError,
  RequestError,
  TimeoutError,
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/nats-core';
import { z } from 'zod';
import { requestSeconds } from './metrics';
import { requestSubject } from './subjects';

const DEFAULT_TIMEOUT_MS = 2_000;
const REQUEST_ID = 'Attune-Request-Id';

/** What crosses: a reply, or an AppError without anything that only operators may see. */
const answerSchema = z.union([
  z.object({ reply: z.unknown() }).strict(),
  z.object({ error: z.object({ code: z.string(), message: z.string(), details: z.record(z.unknown()) }) }).strict(),
]);

/**
 * Questions between services over core NATS: nothing is stored, one instance of the owning service answers, and a caller
 * never waits longer than its time-out.
 */
export class Rpc {
  private readonly subscriptions: Subscription[] = [];

  constructor(
    private readonly connection: NatsConnection,
    private readonly service: Service,
    private readonly logger: Logger,
  ) {}

  /** Answers a question of the catalogue; instances of the service share the load. An AppError thrown by `handler` reaches the caller. */
  serve<N extends RequestName>(name: N, handler: (request: RequestOf<N>) => Promise<ReplyOf<N>>): void {
    if (!name.startsWith(`${this.service}.`)) throw new Error(`${this.service} may not answer ${name}`);
    const subscription = this.connection.subscribe(requestSubject(name), {
      queue: this.service,
      callback: (error, message) => {
        if (error) this.logger.error({ err: error }, `cannot serve ${name}`);
        else void this.respond(name, handler, message);
      },
    });
    this.subscriptions.push(subscription);
  }

  /**
   * Asks and waits. Throws the AppError that the other side answered with, or SERVICE_UNAVAILABLE when nobody answers in
   * time (default 2000 ms), nobody is there, or NATS is away.
   */
  async call<N extends RequestName>(
    name: N,
    request: RequestOf<N>,
    options: { timeoutMs?: number } = {},
  ): Promise<ReplyOf<N>> {
    const observe = requestSeconds.startTimer({ request: name });
    try {
      const reply = await this.ask(name, request, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      observe({ outcome: 'ok' });
      return reply;
    } catch (error) {
      observe({ outcome: error instanceof AppError ? error.code : 'error' });
      throw error;
    }
  }

  /** Takes no more questions; resolves when those in hand are answered. */
  async drain(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.drain()));
  }

  private async ask<N extends RequestName>(name: N, request: RequestOf<N>, timeout: number): Promise<ReplyOf<N>> {
    const extra = headers();
    extra.set(REQUEST_ID, logContext().request_id ?? newId());
    const message = await this.connection
      .request(requestSubject(name), JSON.stringify(request), { timeout, headers: extra })
      .catch((error: unknown) => {
        throw unavailable(name, error);
      });
    const answer = answerSchema.parse(message.json());
    if ('error' in answer) throw toAppError(name, answer.error);
    return requestSchemas[name].reply.parse(answer.reply);
  }

  private async respond<N extends RequestName>(
    name: N,
    handler: (request: RequestOf<N>) => Promise<ReplyOf<N>>,
    message: Msg,
  ): Promise<void> {
    const answer = await withLogContext({ request_id: message.headers?.get(REQUEST_ID) ?? newId() }, async () => {
      try {
        const request = requestSchemas[name].request.parse(message.json()) as RequestOf<N>;
        return { reply: requestSchemas[name].reply.parse(await handler(request)) };
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'internal')
          this.logger.error({ err: error }, `${name} failed`);
        return { error: toWire(error) };
      }
    });
    try {
      message.respond(JSON.stringify(answer));
    } catch (error) {
      this.logger.warn(`${name}: the answer could not be sent: ${messageOf(error)}`);
    }
  }
}

function toWire(error: unknown): { code: string; message: string; details: Record<string, unknown> } {
  if (error instanceof AppError) return { code: error.code, message: error.message, details: error.details };
  return { code: 'INTERNAL_ERROR', message: 'Internal error', details: {} };
}

function toAppError(
  name: string,
  { code, message, details }: { code: string; message: string; details: Record<string, unknown> },
): AppError {
  if (!isErrorCode(code))
    return new AppError('INTERNAL_ERROR', 'Internal error', { internal: `${name}: ${code}: ${message}` });
  return new AppError(code, message, { details, internal: `answered by ${name}` });
}

function unavailable(name: string, error: unknown): AppError {
  const reason =
    error instanceof TimeoutError
      ? 'no answer in time'
      : error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())
        ? 'nobody is there to answer'
        : messageOf(error);
  return new AppError('SERVICE_UNAVAILABLE', 'The service is temporarily unavailable. Try again.', {
    internal: `${name}: ${reason}`,
    cause: error,
  });
}
