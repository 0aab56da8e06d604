import { Injectable } from '@nestjs/common';
import { AppError, type OrganizationId, type RunId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { TrainingQueue } from './queue-positions.service';

/** A place in the queue is worth less than the rest of the answer: nobody waits longer for it. */
const TIMEOUT_MS = 500;

/** Asks the trainer over request/reply. */
@Injectable()
export class RpcTrainingQueue extends TrainingQueue {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  async positions(organizationId: OrganizationId, runIds: readonly RunId[]): Promise<ReadonlyMap<string, number>> {
    try {
      const { positions } = await this.rpc.call(
        'training.queue-positions',
        { organization_id: organizationId, run_ids: [...runIds] },
        { timeoutMs: TIMEOUT_MS },
      );
      return new Map(positions.map(({ run_id, position }) => [run_id, position]));
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unavailable') return new Map();
      throw error;
    }
  }
}
