import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { RequestValidationError } from '@ts-rest/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { fromHttpStatus, toErrorResponse } from './error-status';
import { httpErrors } from './http-metrics';
import { toFieldReasons } from './validation-details';

/** The one place that writes error bodies. Only public messages leave; everything else goes to the log. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also used where no Nest handler ran: unknown routes and bodies that Fastify refused. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = toAppError(thrown);
    const { status, body } = toErrorResponse(error);
    httpErrors.inc({ code: error.code });
    if (status >= 500) this.logger.error({ err: thrown, internal: error.internal, url: request.url }, 'request failed');
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    // An upload that is refused half-way leaves unread bytes: the connection cannot carry another request.
    if (!request.raw.complete) void reply.header('connection', 'close');
    if (body.retry_after !== undefined) void reply.header('retry-after', String(body.retry_after));
    void reply.status(status).type('application/json; charset=utf-8').send(body);
  }
}

/** Makes an AppError of whatever was thrown. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof RequestValidationError) return toValidationError(thrown);
  if (thrown instanceof HttpException) return fromHttpStatus(thrown.getStatus(), thrown);
  const status =
    typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return fromHttpStatus(typeof status === 'number' ? status : 500, thrown);
}

function toValidationError(failed: RequestValidationError): AppError {
  const parts = [failed.pathParams, failed.headers, failed.query, failed.body];
  const details = Object.assign({}, ...parts.map((part) => (part ? toFieldReasons(part) : {}))) as Record<
    string,
    string
  >;
  return new AppError('VALIDATION_ERROR', 'The request is not valid', { details });
}
