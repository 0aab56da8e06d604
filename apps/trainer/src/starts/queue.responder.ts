import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { QueueRepository } from './queue.repository';

/** Answers `training.queue-positions`. */
@Injectable()
export class QueueResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly queue: QueueRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('training.queue-positions', async ({ organization_id, run_ids }) => {
      const positions = await this.queue.listPositions(organization_id as OrganizationId, run_ids);
      return { positions: positions.map(({ runId, position }) => ({ run_id: runId, position })) };
    });
  }
}
