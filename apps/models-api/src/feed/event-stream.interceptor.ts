import { Readable } from 'node:stream';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { of, type Observable } from 'rxjs';
import { feedQuery } from '@attune/contracts';
import { Authenticator, principalOf, toFieldReasons, whenClosed } from '@attune/http';
import { AppError, type ModelId } from '@attune/kernel';
import { fromApiModelId } from '../models/model.convert';
import { modelNotFound } from '../models/model.errors';
import { fromApiCursor, toEventStream } from './feed.convert';
import { FeedStreamsService, type Following, type FollowRequest } from './feed-streams.service';

type EventsRequest = FastifyRequest<{ Params: { id: string } }>;

const TYPE = 'text/event-stream';
const HEADERS = {
  'content-type': `${TYPE}; charset=utf-8`,
  'cache-control': 'no-cache, no-transform',
  /** nginx and what follows it: pass on what comes when it comes. */
  'x-accel-buffering': 'no',
};
const NO_CONTENT = 204;

/**
 * Answers with server-sent events for who asks for them with `Accept: text/event-stream`; it stands outside the contract's JSON check. 204 tells
 * a client that comes back that there is nothing left to follow: EventSource stops then (WHATWG HTML, 9.2.1).
 */
@Injectable()
export class EventStreamInterceptor implements NestInterceptor {
  constructor(
    private readonly streams: FeedStreamsService,
    private readonly authenticator: Authenticator,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<EventsRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    if (!wantsEventStream(request.headers.accept)) return next.handle();
    const asked = this.fromRequest(request);
    const following = await this.streams.follow(asked);
    void (following === null ? reply.status(NO_CONTENT) : reply.headers(HEADERS));
    return of(following === null ? undefined : toStream(asked, following, reply));
  }

  private fromRequest(request: EventsRequest): FollowRequest {
    const query = feedQuery.safeParse(request.query);
    if (!query.success) {
      throw new AppError('VALIDATION_ERROR', 'The request is not valid', { details: toFieldReasons(query.error) });
    }
    const modelId = fromApiModelId(request.params.id);
    if (modelId === null) throw modelNotFound();
    const lastEventId = headerOf(request, 'last-event-id');
    const token = headerOf(request, 'authorization')?.replace(/^Bearer +/i, '') ?? '';
    return {
      organizationId: principalOf(request).organizationId,
      modelId,
      after: fromApiCursor(modelId, lastEventId ?? query.data.cursor),
      level: query.data.level ?? 'info',
      isResumed: lastEventId !== undefined,
      checkKey: async () => {
        await this.authenticator.authenticate(token.trim());
      },
    };
  }
}

/** A client that leaves ends the following, and the end of the following the client's stream; a slow client is waited for. */
function toStream({ modelId }: FollowRequest, { signals, signal, close }: Following, reply: FastifyReply): Readable {
  const stream = Readable.from(toTexts(modelId, signals), { objectMode: false });
  // Of the response: the stream's own comes only with its next piece, which may be long in coming.
  whenClosed(reply, close);
  signal.addEventListener('abort', () => void stream.destroy(), { once: true });
  return stream;
}

async function* toTexts(modelId: ModelId, signals: Following['signals']): AsyncGenerator<string, void> {
  for await (const signal of signals) yield toEventStream(modelId, signal);
}

/** An empty header is none: browsers send one when they have not got an id yet. */
function headerOf(request: EventsRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** JSON is the default: a stream has to be asked for by its own name. */
export function wantsEventStream(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((part) => part.split(';')[0]?.trim().toLowerCase() === TYPE);
}
