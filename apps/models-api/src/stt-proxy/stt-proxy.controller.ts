import { Controller, Post, Req, Res, SetMetadata, StreamableFile } from '@nestjs/common';
import { TsRestAppRouteMetadataKey } from '@ts-rest/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, whenClosed, type Principal } from '@attune/http';
import { SttClient } from './stt.client';

const route = contract.stt.transcribe;

/**
 * Key and scope are checked here, as for every route; the rest is the stt service's. Only the contract's metadata is used:
 * its body check would have to read what is passed on unread.
 */
@Controller()
export class SttProxyController {
  constructor(private readonly stt: SttClient) {}

  @Post(route.path)
  @SetMetadata(TsRestAppRouteMetadataKey, { appRoute: route, routeKey: null })
  async transcribe(
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const clientGone = new AbortController();
    whenClosed(reply, () => clientGone.abort());
    const answer = await this.stt.forward({
      organizationId: principal.organizationId,
      requestId: request.id,
      path: route.path,
      contentType: request.headers['content-type'],
      contentLength: request.headers['content-length'],
      body: request.raw,
      signal: clientGone.signal,
    });
    void reply.status(answer.status).headers(answer.headers);
    return new StreamableFile(answer.body);
  }
}
