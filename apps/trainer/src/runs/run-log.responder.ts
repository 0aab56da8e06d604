import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { RunLogRepository, type LogLine } from './run-log.repository';

/** Answers `training.list-log`. */
@Injectable()
export class RunLogResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly log: RunLogRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('training.list-log', async ({ organization_id, model_id, offset, limit }) => {
      const page = await this.log.list(organization_id as OrganizationId, model_id as ModelId, { offset, limit });
      return { total: page.total, lines: page.lines.map(toReplyLine) };
    });
  }
}

function toReplyLine({ at, level, stage, message }: LogLine): ReplyOf<'training.list-log'>['lines'][number] {
  return { timestamp: at.toISOString(), level, stage, message };
}
