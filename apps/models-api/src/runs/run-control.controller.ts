import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId, fromApiPage, toApiModel } from '../models/model.convert';
import { RunCancellationsService } from './run-cancellations.service';
import { fromApiVersionNumber, toApiRun, toApiVersion } from './run.convert';
import { RunHistoryService } from './run-history.service';
import { VersionsService } from './versions.service';

const { runs, versions } = contract;
const PAGE_SIZE = 25;

/** What an owner can do with runs and versions that are there. */
@Controller()
export class RunControlController {
  constructor(
    private readonly cancellations: RunCancellationsService,
    private readonly history: RunHistoryService,
    private readonly versions: VersionsService,
  ) {}

  @TsRestHandler(runs.cancel)
  cancel(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(runs.cancel, async ({ params }) => {
      const model = await this.cancellations.cancelRun(organizationId, fromApiModelId(params.id));
      return { status: 200 as const, body: toApiModel(model) };
    });
  }

  @TsRestHandler(runs.list)
  listRuns(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(runs.list, async ({ params, query }) => {
      const page = fromApiPage(query, PAGE_SIZE);
      const { total, runs: found } = await this.history.list(organizationId, fromApiModelId(params.id), page);
      const result = found.map(toApiRun);
      return { status: 200 as const, body: { count: result.length, total_results: total, result } };
    });
  }

  @TsRestHandler(runs.get)
  getRun(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(runs.get, async ({ params }) => {
      const run = await this.history.get(organizationId, fromApiModelId(params.id), params.run_id);
      return { status: 200 as const, body: toApiRun(run) };
    });
  }

  @TsRestHandler(versions.list)
  listVersions(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(versions.list, async ({ params, query }) => {
      const page = fromApiPage(query, PAGE_SIZE);
      const { total, versions: found } = await this.versions.list(organizationId, fromApiModelId(params.id), page);
      const result = found.map(toApiVersion);
      return { status: 200 as const, body: { count: result.length, total_results: total, result } };
    });
  }

  @TsRestHandler(versions.activate)
  activate(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(versions.activate, async ({ params }) => {
      const number = fromApiVersionNumber(params.number);
      const model = await this.versions.activate(organizationId, fromApiModelId(params.id), number);
      return { status: 200 as const, body: toApiModel(model) };
    });
  }
}
