import { Controller, Get, Req, Res, SetMetadata } from '@nestjs/common';
import { TsRestAppRouteMetadataKey } from '@ts-rest/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiItemRef } from './data-item.convert';
import { DataFilesService } from './data-files.service';
import { Download } from './download';

const { downloadAudio, downloadTranscript } = contract.data;

type ItemRequest = FastifyRequest<{ Params: { id: string; data_id: string } }>;

/** Only the contract's metadata is used here: its answer check wants JSON, and these are streams. */
@Controller()
export class DataFilesController {
  constructor(
    private readonly files: DataFilesService,
    private readonly download: Download,
  ) {}

  @Get(downloadAudio.path)
  @SetMetadata(TsRestAppRouteMetadataKey, { appRoute: downloadAudio, routeKey: null })
  async audio(@CurrentPrincipal() principal: Principal, @Req() request: ItemRequest, @Res() reply: FastifyReply) {
    const file = await this.files.audio(fromApiItemRef(principal.organizationId, request.params));
    await this.download.send(request, reply, file);
  }

  @Get(downloadTranscript.path)
  @SetMetadata(TsRestAppRouteMetadataKey, { appRoute: downloadTranscript, routeKey: null })
  async transcript(@CurrentPrincipal() principal: Principal, @Req() request: ItemRequest, @Res() reply: FastifyReply) {
    const file = await this.files.transcript(fromApiItemRef(principal.organizationId, request.params));
    await this.download.send(request, reply, file);
  }
}
