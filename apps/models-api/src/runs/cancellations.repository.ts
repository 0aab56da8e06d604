import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { RunState } from './run';

/** What a run's cancellation reads and writes of it. */
@Injectable()
export class CancellationsRepository {
  async findNewest(
    tx: Tx,
    modelId: ModelId,
  ): Promise<{ id: RunId; state: RunState; isCancelRequested: boolean } | null> {
    const [row] = await tx.query<{ id: string; state: string; requested: boolean }>(
      `SELECT id, state, cancel_requested_at IS NOT NULL AS requested FROM run
        WHERE model_id = $1 ORDER BY id DESC LIMIT 1`,
      [modelId],
    );
    return row ? { id: row.id as RunId, state: row.state as RunState, isCancelRequested: row.requested } : null;
  }

  async markRequested(tx: Tx, id: RunId): Promise<void> {
    await tx.execute(`UPDATE run SET cancel_requested_at = now() WHERE id = $1 AND state = 'live'`, [id]);
  }

  /** False when the run has ended already. */
  async cancel(tx: Tx, run: { id: RunId; organizationId: OrganizationId }): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE run SET state = 'cancelled', eta_seconds = NULL, heard_at = now(), finished_at = now(),
              cancel_requested_at = coalesce(cancel_requested_at, now())
        WHERE id = $1 AND organization_id = $2 AND state = 'live'`,
      [run.id, run.organizationId],
    );
    return updated > 0;
  }

  async listUnanswered(tx: Tx, seconds: number): Promise<RunId[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM run WHERE state = 'live' AND cancel_requested_at < now() - make_interval(secs => $1)
        FOR UPDATE SKIP LOCKED`,
      [seconds],
    );
    return rows.map(({ id }) => id as RunId);
  }
}
