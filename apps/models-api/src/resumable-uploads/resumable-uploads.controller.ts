import { Controller, Delete, Get, Inject, Options, Patch, Post, Req, Res, SetMetadata } from '@nestjs/common';
import { TsRestAppRouteMetadataKey } from '@ts-rest/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, PublicRoute, type Principal } from '@attune/http';
import type { UploadLimits } from '../data-items/upload';
import { UPLOAD_LIMITS } from '../data-items/upload-receiver';
import { toApiUpload } from './resumable-upload.convert';
import { LARGEST_RESUMABLE_UPLOAD, ResumableUploadsService } from './resumable-uploads.service';
import {
  describeServer,
  describeUpload,
  readAppend,
  readCreation,
  seenByClient,
  speakTus,
  uploadIdOf,
  type UploadRequest,
} from './tus';

const { createUpload, getUpload, appendUpload, removeUpload } = contract.uploads;
const metadataOf = (route: object) => SetMetadata(TsRestAppRouteMetadataKey, { appRoute: route, routeKey: null });

/** tus 1.0: its answers are headers, so only the contract's metadata is used here. HEAD is GET without its body. */
@Controller()
export class ResumableUploadsController {
  constructor(
    private readonly uploads: ResumableUploadsService,
    @Inject(LARGEST_RESUMABLE_UPLOAD) private readonly limitBytes: number,
    @Inject(UPLOAD_LIMITS) private readonly limits: UploadLimits,
  ) {}

  /** What the server can do; says nothing of anybody, so it needs no key. */
  @PublicRoute()
  @Options(createUpload.path)
  async describe(@Res() reply: FastifyReply) {
    describeServer(reply, this.limitBytes);
    await reply.status(204).send();
  }

  @Post(createUpload.path)
  @metadataOf(createUpload)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    speakTus(request, reply);
    const { filename, lengthBytes } = readCreation(request);
    const upload = await this.uploads.create(principal.organizationId, filename, lengthBytes);
    describeUpload(reply, upload);
    // Answered by whoever keeps answers (Idempotency-Key), once this is committed.
    void reply.status(201).header('location', `${createUpload.path}/${upload.id}`);
  }

  @Get(getUpload.path)
  @metadataOf(getUpload)
  async get(@CurrentPrincipal() principal: Principal, @Req() request: UploadRequest, @Res() reply: FastifyReply) {
    speakTus(request, reply);
    const upload = await this.uploads.get(principal.organizationId, uploadIdOf(request));
    describeUpload(reply, upload);
    await reply.status(200).send(toApiUpload(upload));
  }

  @Patch(appendUpload.path)
  @metadataOf(appendUpload)
  async append(@CurrentPrincipal() principal: Principal, @Req() request: UploadRequest, @Res() reply: FastifyReply) {
    speakTus(request, reply);
    const upload = await seenByClient(
      request,
      () => this.uploads.append(principal.organizationId, uploadIdOf(request), readAppend(request), request.raw),
      this.limits.silenceMs,
    );
    describeUpload(reply, upload);
    await reply.status(204).send();
  }

  @Delete(removeUpload.path)
  @metadataOf(removeUpload)
  async remove(@CurrentPrincipal() principal: Principal, @Req() request: UploadRequest, @Res() reply: FastifyReply) {
    speakTus(request, reply);
    await this.uploads.remove(principal.organizationId, uploadIdOf(request));
    await reply.status(204).send();
  }
}
