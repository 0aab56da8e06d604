import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NestLogger, withLogContext, type Logger } from '@attune/observability';
import { ErrorFilter } from './error.filter';
import { countRequests, isProbe } from './http-metrics';
import { useLeanAsyncResource } from './lean-async-resource';
import { carryRequestLimits } from './request-limits';

export interface HttpAppOptions {
  logger: Logger;
  /** Bound of bodies that are no uploads, in bytes. */
  bodyLimitBytes?: number;
}

const REQUEST_ID = /^[\w.:-]{1,128}$/;
const MEGABYTE = 1024 * 1024;

/**
 * A Nest application on Fastify as every service of the house has it: request ids (the caller's `X-Request-Id` if it is
 * plain, and always in the answer), one log line a request, and the contract's error body for everything that fails,
 * unknown routes and unreadable bodies too. It does not listen yet.
 */
export async function createHttpApp(
  module: Type<unknown> | DynamicModule,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> {
  useLeanAsyncResource();
  const filter = new ErrorFilter(options.logger);
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes ?? MEGABYTE,
    // Uploads may take hours; a header that takes a minute is an attack.
    requestTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: 'idle',
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      filter.answer(error, request, reply);
    },
  });
  // Its few fields are named in this file and hold no secret; looking for some would cost more than the line itself.
  const accessLog = options.logger.child({}, { redact: [] });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    withLogContext({ request_id: request.id }, done);
  });
  carryRequestLimits(fastify);
  countRequests(fastify);
  fastify.addHook('onResponse', (request, reply, done) => {
    if (!isProbe(request.url)) logRequest(accessLog, request, reply);
    done();
  });

  const endSilentConnections = watchSilentConnections(fastify.server);
  fastify.addHook('preClose', (done) => {
    endSilentConnections();
    done();
  });

  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(options.logger),
    abortOnError: false,
  });
  app.useGlobalFilters(filter);
  // Nest would end the process by the same signal once more, which the first process of a container never hears.
  app.enableShutdownHooks([], { useProcessExit: true });
  return app;
}

/**
 * Answers a function that ends connections which never sent a request. Browsers and clients open such ones in advance; Node
 * counts them as busy, and a server that closes would wait for their first request until the header time-out.
 */
function watchSilentConnections(server: Server): () => void {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', (request: IncomingMessage) => silent.delete(request.socket));
  return () => silent.forEach((socket) => socket.destroy());
}

function logRequest(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  logger.info(
    {
      method: request.method,
      path: request.url.split('?')[0],
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
    },
    'request',
  );
}
