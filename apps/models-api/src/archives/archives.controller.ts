import { Controller, Inject, Req } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import type { FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { uploadParts } from '../data-items/multipart';
import { ENVELOPE_BYTES } from '../data-items/upload';
import { fromApiModelId, fromApiPage } from '../models/model.convert';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archive';
import { fromApiArchivePath, toApiArchive, toApiArchivePage } from './archive.convert';
import { ArchiveReceiver } from './archive-receiver';
import { ArchivesService } from './archives.service';

const api = contract.archives;
const MEMBERS_PER_PAGE = 100;

@Controller()
export class ArchivesController {
  constructor(
    private readonly archives: ArchivesService,
    private readonly receiver: ArchiveReceiver,
    @Inject(ARCHIVE_LIMITS) private readonly limits: ArchiveLimits,
  ) {}

  @TsRestHandler(api.uploadArchive)
  upload(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest) {
    return tsRestHandler(api.uploadArchive, async ({ params }) => {
      const parts = uploadParts(request, this.limits.archiveBytes + ENVELOPE_BYTES);
      const state = await this.archives.accept(principal.organizationId, fromApiModelId(params.id), (place) =>
        this.receiver.receiveForm(place, parts),
      );
      return { status: 202 as const, body: toApiArchive(state) };
    });
  }

  @TsRestHandler(api.getArchive)
  get(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.getArchive, async ({ params, query }) => {
      const page = await this.archives.get(
        fromApiArchivePath(principal.organizationId, params),
        query.outcome ?? null,
        fromApiPage(query, MEMBERS_PER_PAGE),
      );
      return { status: 200 as const, body: toApiArchivePage(page) };
    });
  }
}
