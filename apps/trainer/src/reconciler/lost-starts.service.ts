import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { AttemptsService } from '../runs/attempts.service';
import type { AttemptEnd, Run } from '../runs/run';
import { RunsRepository } from '../runs/runs.repository';
import { Executor, type StartStatus } from '../starts/executor';
import { toLostEnd } from '../starts/start-end';

/** Silent runners lose their runs; starts that were never claimed are given up. */
@Injectable()
export class LostStartsService {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly attempts: AttemptsService,
    private readonly executor: Executor,
  ) {}

  /** Its host may know why it is silent; of other trainers' hosts nothing is known here. */
  private async statusOf(lost: Run): Promise<StartStatus> {
    if (lost.host !== this.executor.host) return { kind: 'unknown' };
    const { runId, starts: start, accelerator } = lost;
    return this.executor.observe({ runId, start, accelerator, orderedMsAgo: lost.orderedMsAgo ?? 0 });
  }

  async takeBack(): Promise<void> {
    for (const lost of await this.runs.listLost()) {
      // Whether its machine was taken from it cannot be said from here now. It is lost in any case, and a trainer that sees says why.
      if (lost.host === this.executor.host && !this.executor.isCurrent()) continue;
      const status = await this.statusOf(lost);
      await this.database.runInTransaction('system', async (tx) => {
        const run = await this.runs.lock(tx, lost.runId);
        if (run?.state !== lost.state || run.delivery || !(await this.runs.isLost(tx, lost))) return;
        await this.attempts.endAttempt(tx, run, toEnd(run, status));
      });
    }
  }
}

/**
 * A claim asks other services first, so one that did not come says nothing of the run: their outage must not use up its attempts. A runner
 * that cannot start at all ends, and its host sees that.
 */
function toEnd(run: Run, status: StartStatus): AttemptEnd {
  return run.state === 'queued' ? { kind: 'interrupted' } : toLostEnd(status);
}
