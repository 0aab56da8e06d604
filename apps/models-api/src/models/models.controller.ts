import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelFilter, fromApiModelId, fromApiNewModel, fromApiPage, toApiModel } from './model.convert';
import { ModelErasureService } from './model-erasure.service';
import { ModelsService } from './models.service';

const api = contract.customModels;
const PAGE_SIZE = 25;

@Controller()
export class ModelsController {
  constructor(
    private readonly models: ModelsService,
    private readonly erasure: ModelErasureService,
  ) {}

  @TsRestHandler(api.create)
  create(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.create, async ({ body }) => {
      const model = await this.models.create(fromApiNewModel(principal.organizationId, body));
      return { status: 201 as const, body: toApiModel(model) };
    });
  }

  @TsRestHandler(api.list)
  list(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.list, async ({ query }) => {
      const page = fromApiPage(query, PAGE_SIZE);
      const { total, models } = await this.models.list(principal.organizationId, fromApiModelFilter(query), page);
      return {
        status: 200 as const,
        body: { count: models.length, total_results: total, result: models.map(toApiModel) },
      };
    });
  }

  @TsRestHandler(api.get)
  get(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.get, async ({ params }) => {
      const model = await this.models.get(principal.organizationId, fromApiModelId(params.id));
      return { status: 200 as const, body: toApiModel(model) };
    });
  }

  @TsRestHandler(api.update)
  update(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.update, async ({ params, body }) => {
      const { name, description } = body;
      const model = await this.models.describe(principal.organizationId, fromApiModelId(params.id), {
        name,
        description,
      });
      return { status: 200 as const, body: toApiModel(model) };
    });
  }

  @TsRestHandler(api.remove)
  remove(@CurrentPrincipal() principal: Principal) {
    return tsRestHandler(api.remove, async ({ params }) => {
      await this.erasure.deleteModel(principal.organizationId, fromApiModelId(params.id));
      return { status: 204 as const, body: undefined };
    });
  }
}
