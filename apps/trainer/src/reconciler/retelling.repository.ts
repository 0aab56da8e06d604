import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';

/** Told again at growing distances (each as long as the time told so far), until this long after the fact. */
const FOR_DAYS = 7;

/** Whose end may have to be told again. Each is answered to one caller only. */
@Injectable()
export class RetellingRepository {
  /** Runs that have ended; first after `firstMs`. */
  async takeEndedRuns(tx: Tx, firstMs: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE training_run SET reminded_at = now()
        WHERE state IN ('succeeded', 'failed', 'cancelled') AND ${isDue('finished_at')} RETURNING id`,
      [firstMs],
    );
    return rows.map(({ id }) => id);
  }

  /** Models that were erased. */
  async takeErasedModels(tx: Tx, firstMs: number): Promise<number[]> {
    const rows = await tx.query<{ model_id: number }>(
      `UPDATE erased_model SET reminded_at = now() WHERE ${isDue('erased_at')} RETURNING model_id`,
      [firstMs],
    );
    return rows.map(({ model_id }) => model_id);
  }
}

function isDue(since: string): string {
  const last = `greatest(reminded_at, ${since})`;
  return `${since} > now() - interval '${String(FOR_DAYS)} days'
    AND now() - ${last} > greatest($1 * interval '1 ms', ${last} - ${since})`;
}
