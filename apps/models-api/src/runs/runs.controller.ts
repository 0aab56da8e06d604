import { Controller, UseInterceptors } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId, fromApiPage } from '../models/model.convert';
import { PlainTextLogInterceptor } from './plain-text-log.interceptor';
import { toApiStartedModel } from './run.convert';
import { RunsService } from './runs.service';
import { TrainingLogService } from './training-log.service';

const api = contract.customModels;
const LOG_PAGE_SIZE = 100;

@Controller()
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @TsRestHandler(api.run)
  run(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.run, async ({ params, body }) => {
      const { organizationId } = principal;
      const model = await this.runs.requestRun(organizationId, fromApiModelId(params.id), body.max_cost ?? null);
      return { status: 200 as const, body: toApiStartedModel(model) };
    });
  }
}

/** A class of its own, so that the interceptor stands outside ts-rest's check of the JSON body. */
@UseInterceptors(PlainTextLogInterceptor)
@Controller()
export class TrainingLogController {
  constructor(private readonly log: TrainingLogService) {}

  @TsRestHandler(api.log)
  list(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.log, async ({ params, query }) => {
      const page = fromApiPage(query, LOG_PAGE_SIZE);
      const { total, lines } = await this.log.list(principal.organizationId, fromApiModelId(params.id), page);
      return { status: 200 as const, body: { count: lines.length, total_results: total, result: lines } };
    });
  }
}
