import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import type { Hold, RunRef } from './hold';
import { fromRowHold, type HoldRow } from './hold.mapping';

const columns = 'run_id, organization_id, model_id, price_book, new_ms, amount_cents, state';

@Injectable()
export class HoldsRepository {
  /** Nothing happens when the run has a hold already. */
  async insert(tx: Tx, hold: Omit<Hold, 'state'>): Promise<void> {
    await tx.execute(
      `INSERT INTO hold (run_id, organization_id, model_id, price_book, new_ms, amount_cents)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run_id) DO NOTHING`,
      [hold.runId, hold.organizationId, hold.modelId, hold.priceBook, hold.newMs, hold.amountCents],
    );
  }

  /** The run exists. */
  async confirm(tx: Tx, run: RunRef): Promise<void> {
    await tx.execute(
      `UPDATE hold SET state = 'confirmed', checked_at = now(), ended_at = NULL
        WHERE run_id = $1 AND organization_id = $2 AND state IN ('placed', 'expired')`,
      [run.runId, run.organizationId],
    );
  }

  /** The run has ended and costs nothing. */
  async release(tx: Tx, run: RunRef): Promise<void> {
    await tx.execute(
      `UPDATE hold SET state = 'released', ended_at = now()
        WHERE run_id = $1 AND organization_id = $2 AND state IN ('placed', 'confirmed')`,
      [run.runId, run.organizationId],
    );
  }

  /** The run was never started; false when it was, or when there is no such hold. */
  async releasePlaced(tx: Tx, run: RunRef): Promise<boolean> {
    const released = await tx.execute(
      `UPDATE hold SET state = 'released', ended_at = now()
        WHERE run_id = $1 AND organization_id = $2 AND state = 'placed'`,
      [run.runId, run.organizationId],
    );
    return released > 0;
  }

  /** No run of the model is live, and each that succeeded is charged: what is still open is for nothing. */
  async releaseOfModel(tx: Tx, model: { organizationId: OrganizationId; modelId: ModelId }): Promise<void> {
    await tx.execute(
      `UPDATE hold SET state = 'released', ended_at = now()
        WHERE organization_id = $1 AND model_id = $2 AND state IN ('placed', 'confirmed')`,
      [model.organizationId, model.modelId],
    );
  }

  /** The run is charged now. Answers its hold as it is then, null when it has none; one that was released stays so. */
  async post(tx: Tx, run: RunRef): Promise<Hold | null> {
    await tx.execute(
      `UPDATE hold SET state = 'posted', ended_at = now()
        WHERE run_id = $1 AND organization_id = $2 AND state IN ('placed', 'confirmed', 'expired')`,
      [run.runId, run.organizationId],
    );
    const [row] = await tx.query<HoldRow>(`SELECT ${columns} FROM hold WHERE run_id = $1 AND organization_id = $2`, [
      run.runId,
      run.organizationId,
    ]);
    return row ? fromRowHold(row) : null;
  }

  /** Open holds of which nobody has spoken for so long, longest first. */
  async listUnheard(tx: Tx, seconds: { placed: number; confirmed: number }, limit: number): Promise<Hold[]> {
    const rows = await tx.query<HoldRow>(
      `SELECT ${columns} FROM hold
        WHERE (state = 'placed' AND checked_at < now() - make_interval(secs => $1))
           OR (state = 'confirmed' AND checked_at < now() - make_interval(secs => $2))
        ORDER BY checked_at LIMIT $3`,
      [seconds.placed, seconds.confirmed, limit],
    );
    return rows.map(fromRowHold);
  }

  /** What is reserved for runs of the model that may not have ended. */
  async listOpenOfModel(tx: Tx, model: { organizationId: OrganizationId; modelId: ModelId }): Promise<Hold[]> {
    const rows = await tx.query<HoldRow>(
      `SELECT ${columns} FROM hold WHERE organization_id = $1 AND model_id = $2 AND state IN ('placed', 'confirmed')`,
      [model.organizationId, model.modelId],
    );
    return rows.map(fromRowHold);
  }

  async markChecked(tx: Tx, run: RunRef): Promise<void> {
    await tx.execute(
      `UPDATE hold SET checked_at = now() WHERE run_id = $1 AND organization_id = $2 AND state IN ('placed', 'confirmed')`,
      [run.runId, run.organizationId],
    );
  }

  async expire(tx: Tx, run: RunRef): Promise<void> {
    await tx.execute(
      `UPDATE hold SET state = 'expired', ended_at = now() WHERE run_id = $1 AND organization_id = $2 AND state = 'placed'`,
      [run.runId, run.organizationId],
    );
  }
}
