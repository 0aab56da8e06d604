import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { toApiArchive } from '../archives/archive.convert';
import { toApiReceipt } from '../data-items/data-item.convert';
import { fromApiModelId } from '../models/model.convert';
import { BoundUploadsService } from './bound-uploads.service';

const api = contract.uploads;

/** Says what finished uploads are: a pair, or an archive of pairs. */
@Controller()
export class BoundUploadsController {
  constructor(private readonly bound: BoundUploadsService) {}

  @TsRestHandler(api.bindPair)
  bindPair(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.bindPair, async ({ params, body }) => {
      const result = await this.bound.bindPair(principal.organizationId, fromApiModelId(params.id), {
        dataType: body.type,
        audioUploadId: body.audio_upload_id,
        transcript: 'transcript' in body ? { text: body.transcript } : { uploadId: body.transcript_upload_id },
      });
      return { status: 200 as const, body: toApiReceipt(result) };
    });
  }

  @TsRestHandler(api.bindArchive)
  bindArchive(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.bindArchive, async ({ params, body }) => {
      const { organizationId } = principal;
      const modelId = fromApiModelId(params.id);
      const state = await this.bound.bindArchive(organizationId, modelId, body.upload_id, body.type ?? null);
      return { status: 202 as const, body: toApiArchive(state) };
    });
  }
}
