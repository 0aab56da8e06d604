import { Injectable } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import { Rpc } from '@attune/messaging';
import { RunOutcomes } from './hold-checks.service';

/** Asks models-api over request/reply. */
@Injectable()
export class RpcRunOutcomes extends RunOutcomes {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  async of(runIds: readonly string[]): Promise<ReplyOf<'models.run-outcomes'>['runs']> {
    return (await this.rpc.call('models.run-outcomes', { run_ids: [...runIds] }, { timeoutMs: 5_000 })).runs;
  }
}
