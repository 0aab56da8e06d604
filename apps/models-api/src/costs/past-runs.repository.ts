import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';

export interface Pace {
  runs: number;
  /** Seconds from request to success for each second of training audio: the median. */
  secondsPerSecond: number;
}

/** Recent enough to be of today's machines, enough to be no accident. */
const NEWEST = 50;

/** How fast runs of the whole platform have been. Nothing of whose they were leaves here. */
@Injectable()
export class PastRunsRepository {
  /** Of the newest succeeded runs on that base, or on any; null when there is none. In a system transaction. */
  async pace(tx: Tx, baseModel: string | null): Promise<Pace | null> {
    const [row] = await tx.query<{ runs: number; pace: number | null }>(
      `SELECT count(*) AS runs, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds / (training_ms / 1000.0)) AS pace
         FROM (SELECT extract(epoch FROM finished_at - requested_at)::float8 AS seconds, training_ms FROM run
                WHERE state = 'succeeded' AND training_ms > 0 AND finished_at IS NOT NULL AND ($1::text IS NULL OR base_model = $1)
                ORDER BY finished_at DESC LIMIT ${String(NEWEST)}) AS past`,
      [baseModel],
    );
    return row?.pace == null ? null : { runs: row.runs, secondsPerSecond: row.pace };
  }
}
