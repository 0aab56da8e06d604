import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId, fromApiPage } from '../models/model.convert';
import { fromApiUsageFilter, toApiEstimate, toApiUsageList } from './cost.convert';
import { CostsService } from './costs.service';

const api = contract.costs;
const PAGE_SIZE = 100;

@Controller()
export class CostsController {
  constructor(private readonly costs: CostsService) {}

  @TsRestHandler(api.usage)
  usage(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.usage, async ({ query }) => {
      const filter = fromApiUsageFilter(principal.organizationId, query);
      const usage = await this.costs.listUsage(filter, fromApiPage(query, PAGE_SIZE));
      return { status: 200 as const, body: toApiUsageList(usage) };
    });
  }

  @TsRestHandler(api.estimate)
  estimate(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.estimate, async ({ params }) => {
      const estimate = await this.costs.estimate(principal.organizationId, fromApiModelId(params.id));
      return { status: 200 as const, body: toApiEstimate(estimate) };
    });
  }
}
