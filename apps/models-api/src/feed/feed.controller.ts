import { Controller, UseInterceptors } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { contract } from '@attune/contracts';
import { CurrentPrincipal, type Principal } from '@attune/http';
import { fromApiModelId } from '../models/model.convert';
import { modelNotFound } from '../models/model.errors';
import { EventStreamInterceptor } from './event-stream.interceptor';
import { fromApiCursor, toApiFeedPage } from './feed.convert';
import { FeedService } from './feed.service';

const route = contract.runs.events;
const PAGE_SIZE = 100;

/** A class of its own, so that the interceptor stands outside ts-rest's check of the JSON body. */
@UseInterceptors(EventStreamInterceptor)
@Controller()
export class FeedController {
  constructor(private readonly feed: FeedService) {}

  @TsRestHandler(route)
  list(@CurrentPrincipal() { organizationId }: Principal) {
    return tsRestHandler(route, async ({ params, query }) => {
      const modelId = fromApiModelId(params.id);
      if (modelId === null) throw modelNotFound();
      const after = fromApiCursor(modelId, query.cursor);
      const { level = 'info', limit = PAGE_SIZE } = query;
      const page = await this.feed.page(organizationId, modelId, { after, level, limit });
      return { status: 200 as const, body: toApiFeedPage(modelId, after, page) };
    });
  }
}
