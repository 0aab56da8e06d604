import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { logList } from '@attune/contracts';
import { toPlainTextLog } from './run.convert';

/** Turns a log into plain text for who asks for it with `Accept: text/plain`; it stands outside the contract's JSON check. */
@Injectable()
export class PlainTextLogInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    if (!prefersPlainText(http.getRequest<FastifyRequest>().headers.accept)) return next.handle();
    return next.handle().pipe(
      map((body: unknown) => {
        void http.getResponse<FastifyReply>().type('text/plain; charset=utf-8');
        return toPlainTextLog(logList.parse(body).result);
      }),
    );
  }
}

/** JSON is the default: text has to be asked for, and asked for before JSON. */
export function prefersPlainText(accept: string | undefined): boolean {
  const named = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  const first = named.find((type) => type === 'text/plain' || type === 'application/json' || type === '*/*');
  return first === 'text/plain';
}
