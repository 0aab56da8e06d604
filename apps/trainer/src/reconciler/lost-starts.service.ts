import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { AttemptsService } from '../runs/attempts.service';
import type { AttemptEnd, Run } from '../runs/run';
import { reasons } from '../runs/run-reasons';
import { RunsRepository } from '../runs/runs.repository';

/** Silent runners lose their runs; starts that were never claimed are given up. */
@Injectable()
export class LostStartsService {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly attempts: AttemptsService,
  ) {}

  async takeBack(): Promise<void> {
    for (const lost of await this.runs.listLost()) {
      await this.database.runInTransaction('system', async (tx) => {
        const run = await this.runs.lock(tx, lost.runId);
        if (run?.state !== lost.state || run.delivery || !(await this.runs.isLost(tx, lost))) return;
        await this.attempts.endAttempt(tx, run, toEnd(run));
      });
    }
  }
}

/**
 * A claim asks other services first, so one that did not come says nothing of the run: their outage must not use up its attempts. A runner
 * that cannot start at all ends, and its host sees that.
 */
function toEnd(run: Run): AttemptEnd {
  return run.state === 'queued' ? { kind: 'interrupted' } : { kind: 'failed', message: reasons.silent };
}
