import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { leasedStates, type Run } from '../runs/run';
import { RunsRepository } from '../runs/runs.repository';
import type { Start } from './start.guard';
import { Superseded } from './superseded';

/** Lets a start act on its run only while the run is its own. */
@Injectable()
export class Fence {
  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
  ) {}

  /** Runs `fn` under the run's lock. Throws Superseded unless the run is leased in this very epoch and has delivered nothing yet. */
  async within<T>(start: Start, epoch: number, fn: (tx: Tx, run: Run) => Promise<T>): Promise<T> {
    return this.database.runInTransaction('system', async (tx) => {
      const run = await this.runs.lock(tx, start.runId);
      if (!run || !isHeldBy(run, start, epoch)) throw new Superseded(`epoch ${String(epoch)} is over`);
      return fn(tx, run);
    });
  }

  /** The same for reads, without a lock. */
  async check(start: Start, epoch: number): Promise<Run> {
    const run = await this.runs.find(start.runId);
    if (!run || !isHeldBy(run, start, epoch)) throw new Superseded(`epoch ${String(epoch)} is over`);
    return run;
  }
}

function isHeldBy(run: Run, start: Start, epoch: number): boolean {
  const isLeased = (leasedStates as readonly string[]).includes(run.state);
  return isLeased && run.starts === start.start && run.epoch === epoch && run.delivery === null;
}
