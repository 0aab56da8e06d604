import { Controller, Inject, Req } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import type { FastifyRequest } from 'fastify';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId, fromApiPage } from '../models/model.convert';
import { fromApiDataFilter, fromApiItemRef, toApiDataItem, toApiReceipt, toApiSummary } from './data-item.convert';
import { DataEditsService } from './data-edits.service';
import { DataItemsService } from './data-items.service';
import { uploadParts } from './multipart';
import { readTranscriptBody } from './transcript-body';
import { largestRequest, type UploadLimits } from './upload';
import { UPLOAD_LIMITS } from './upload-receiver';
import { UploadsService } from './uploads.service';

const api = { ...contract.customModels, ...contract.data };
const PAGE_SIZE = 25;

@Controller()
export class DataItemsController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly items: DataItemsService,
    private readonly edits: DataEditsService,
    @Inject(UPLOAD_LIMITS) private readonly limits: UploadLimits,
  ) {}

  @TsRestHandler(api.uploadData)
  upload(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest) {
    return tsRestHandler(api.uploadData, async ({ params }) => {
      const parts = uploadParts(request, largestRequest(this.limits), this.limits.silenceMs);
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

  @TsRestHandler(api.listData)
  list(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.listData, async ({ params, query }) => {
      const { total, items } = await this.items.list(
        principal.organizationId,
        fromApiModelId(params.id),
        fromApiDataFilter(query),
        fromApiPage(query, PAGE_SIZE),
      );
      return {
        status: 200 as const,
        body: { count: items.length, total_results: total, result: items.map(toApiDataItem) },
      };
    });
  }

  @TsRestHandler(api.getData)
  get(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.getData, async ({ params }) => {
      const item = await this.items.get(fromApiItemRef(principal.organizationId, params));
      return { status: 200 as const, body: toApiDataItem(item) };
    });
  }

  @TsRestHandler(api.moveData)
  move(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.moveData, async ({ params, body }) => {
      const item = await this.edits.move(fromApiItemRef(principal.organizationId, params), body.type);
      return { status: 200 as const, body: toApiDataItem(item) };
    });
  }

  @TsRestHandler(api.deleteData)
  remove(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.deleteData, async ({ params }) => {
      await this.edits.delete(fromApiItemRef(principal.organizationId, params));
      return { status: 204 as const, body: undefined };
    });
  }

  @TsRestHandler(api.replaceTranscript)
  replaceTranscript(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest) {
    return tsRestHandler(api.replaceTranscript, async ({ params }) => {
      const ref = fromApiItemRef(principal.organizationId, params);
      await this.items.get(ref);
      const receive = () => readTranscriptBody(request, this.limits.transcriptBytes);
      return { status: 200 as const, body: toApiDataItem(await this.edits.replaceTranscript(ref, receive)) };
    });
  }
}
