import {
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { Idempotence } from '@attune/contracts';
import type { OrganizationId } from '@attune/kernel';
import { discardBody } from './discard-body';
import { Idempotency, readIdempotencyKey, type HandlerAnswer, type KeptAnswer } from './idempotency';
import { principalOf } from './principal';
import type { Handler } from './public-route';
import { fingerprintOf } from './request-fingerprint';
import { idempotenceOf, isAdminRoute } from './scope.guard';

const HEADER = 'idempotency-key';
const REPLAYED_HEADER = 'idempotent-replayed';
/** Longer answers of a stream (transcripts of many hours) are not kept: making them again changes nothing. */
const KEPT_STREAM_BYTES = 256 * 1024;

interface Keyed {
  header: string | string[];
  /** Null: an operator's request. */
  organizationId: OrganizationId | null;
  idempotence: Idempotence;
  next: CallHandler;
}

/**
 * `Idempotency-Key` for every POST and PUT of the contract, by its metadata alone: a request that was answered before gets
 * the same answer again, and what it does is done once. Only what succeeded is kept: a refusal did nothing, so its key may be
 * used again.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: Idempotency,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const header = request.headers[HEADER];
    const handler = context.getHandler() as Handler;
    const idempotence = idempotenceOf(this.reflector, handler);
    if (header === undefined || !idempotence || !['POST', 'PUT'].includes(request.method)) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const organizationId = isAdminRoute(this.reflector, handler) ? null : principalOf(request).organizationId;
    return from(this.answer(request, reply, { header, organizationId, idempotence, next }));
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { header, organizationId, idempotence, next }: Keyed,
  ): Promise<unknown> {
    try {
      const answer = await this.idempotency.once(
        {
          organizationId,
          route: routeOf(request),
          key: readIdempotencyKey(header),
          idempotence,
          fingerprint: fingerprintOf(request),
        },
        () => handle(reply, next),
      );
      return 'replayed' in answer ? replay(reply, answer.replayed) : answer.value;
    } catch (error) {
      if (!request.raw.complete) await discardBody(request.raw);
      throw error;
    }
  }
}

/** The route's pattern with this request's values: two spellings of one path are one route. */
function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? request.url} ${JSON.stringify(request.params)}`;
}

async function handle(reply: FastifyReply, next: CallHandler): Promise<HandlerAnswer> {
  const before = reply.getHeaders();
  const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
  const status = reply.statusCode;
  const isKept = status < 300 && !reply.sent;
  const headers = Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, text]) =>
      text === undefined || before[name] === text ? [] : [[name, String(text)]],
    ),
  );
  if (!isKept) return { value, kept: null };
  if (!(value instanceof StreamableFile)) return { value, kept: { status, headers, body: textOf(value) } };
  const text = await readShort(value, KEPT_STREAM_BYTES);
  return text === null ? { value, kept: null } : { value: text, kept: { status, headers, body: text } };
}

/** As it will be written; null where there is no body. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The whole text of a short stream; null for a longer one, which is then as if nobody had read from it. */
async function readShort(file: StreamableFile, limitBytes: number): Promise<string | null> {
  const source = file.getStream();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes <= limitBytes) continue;
    source.unshift(Buffer.concat(chunks));
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function replay(reply: FastifyReply, { status, headers, body }: KeptAnswer): unknown {
  void reply.status(status).headers(headers).header(REPLAYED_HEADER, 'true');
  if (body === null) return undefined;
  if (reply.getHeader('content-type') === undefined) void reply.type('application/json; charset=utf-8');
  return body;
}
