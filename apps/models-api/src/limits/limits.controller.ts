import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { toApiLimits } from './limit.convert';
import { LimitsOverviewService } from './limits-overview.service';

@Controller()
export class LimitsController {
  constructor(private readonly overview: LimitsOverviewService) {}

  @TsRestHandler(contract.limits.get)
  get(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(contract.limits.get, async () => ({
      status: 200 as const,
      body: toApiLimits(await this.overview.look(principal.organizationId)),
    }));
  }
}
