import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { Run } from '../runs/run';
import { fromRowRun, runColumns, type RunRow } from '../runs/run.mapping';

const BATCH = 100;

/** Which finished runs may still have useless objects in the store. */
@Injectable()
export class GarbageRepository {
  constructor(private readonly database: Database) {}

  /** Runs not looked at since they finished, or not since `settleSeconds` after that. */
  async listUncollected(settleSeconds: number): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run
        WHERE finished_at IS NOT NULL AND (collected_at IS NULL OR
          (collected_at < finished_at + $1 * interval '1 second' AND finished_at < now() - $1 * interval '1 second'))
        ORDER BY finished_at LIMIT ${String(BATCH)}`,
      [settleSeconds],
    );
    return rows.map(fromRowRun);
  }

  async markCollected(run: Run): Promise<void> {
    await this.database.query(run, 'UPDATE training_run SET collected_at = now() WHERE id = $1', [run.runId]);
  }
}
