import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { RunFeedRepository, type LogLine } from './run-feed.repository';

/** Answers `training.list-log` and `training.list-events`. */
@Injectable()
export class RunFeedResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly feed: RunFeedRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('training.list-log', async ({ organization_id, model_id, offset, limit }) => {
      const page = await this.feed.listLines(organization_id as OrganizationId, model_id as ModelId, { offset, limit });
      return { total: page.total, lines: page.lines.map(toReplyLine) };
    });
    this.rpc.serve('training.list-events', ({ organization_id, model_id, with_total, ...page }) =>
      this.feed.list(organization_id as OrganizationId, model_id as ModelId, { ...page, withTotal: with_total }),
    );
  }
}

function toReplyLine({ at, level, stage, message }: LogLine): ReplyOf<'training.list-log'>['lines'][number] {
  return { timestamp: at.toISOString(), level, stage, message };
}
