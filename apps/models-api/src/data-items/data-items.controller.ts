import { Controller, Inject, Req } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import type { FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId } from '../models/model.convert';
import { toApiReceipt, toApiSummary } from './data-item.convert';
import { DataItemsService } from './data-items.service';
import { uploadParts } from './multipart';
import type { UploadLimits } from './upload';
import { UPLOAD_LIMITS } from './upload-receiver';
import { UploadsService } from './uploads.service';

const api = contract.customModels;

@Controller()
export class DataItemsController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly items: DataItemsService,
    @Inject(UPLOAD_LIMITS) private readonly limits: UploadLimits,
  ) {}

  @TsRestHandler(api.uploadData)
  upload(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest) {
    return tsRestHandler(api.uploadData, async ({ params }) => {
      const parts = uploadParts(request, this.limits);
      const result = await this.uploads.upload(principal.organizationId, fromApiModelId(params.id), parts);
      return { status: 200 as const, body: toApiReceipt(result) };
    });
  }

  @TsRestHandler(api.dataSummary)
  summary(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.dataSummary, async ({ params }) => {
      const summary = await this.items.summarize(principal.organizationId, fromApiModelId(params.id));
      return { status: 200 as const, body: toApiSummary(summary) };
    });
  }
}
