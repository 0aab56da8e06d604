import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ItemId, ModelId, RunId } from '@attune/kernel';

/** Which items each run's snapshot has. */
@Injectable()
export class RunItemsRepository {
  /** The items that are ready now: under the model's lock, exactly those of the snapshot. */
  async insertReady(tx: Tx, run: { id: RunId; modelId: ModelId }): Promise<void> {
    await tx.execute(
      `INSERT INTO run_item (run_id, item_id, organization_id)
       SELECT $1, id, organization_id FROM data_item WHERE model_id = $2 AND status IN ('ok', 'warning')`,
      [run.id, run.modelId],
    );
  }

  /** Whether a live run has the item in its snapshot. */
  async isInLiveRun(tx: Tx, itemId: ItemId): Promise<boolean> {
    const rows = await tx.query(
      `SELECT 1 FROM run_item used JOIN run ON run.id = used.run_id
        WHERE used.item_id = $1 AND run.state = 'live' LIMIT 1`,
      [itemId],
    );
    return rows.length > 0;
  }

  /** Runs that had the item and ended had data that is no more. */
  async markGone(tx: Tx, itemId: ItemId): Promise<void> {
    await tx.execute(`UPDATE run_item SET gone_at = now() WHERE item_id = $1 AND gone_at IS NULL`, [itemId]);
  }

  /** The model's versions that used data which is no more, oldest first. */
  async countGone(tx: Tx, modelId: ModelId): Promise<{ version: number; runId: RunId; items: number }[]> {
    const rows = await tx.query<{ number: number; run_id: string; items: number }>(
      `SELECT version.number, used.run_id, count(*) AS items FROM version JOIN run_item used ON used.run_id = version.run_id
        WHERE version.model_id = $1 AND used.gone_at IS NOT NULL
        GROUP BY version.number, used.run_id ORDER BY version.number`,
      [modelId],
    );
    return rows.map((row) => ({ version: row.number, runId: row.run_id as RunId, items: row.items }));
  }

  /** Where the versions lie that used the item. */
  async listVersionsOf(tx: Tx, itemId: ItemId): Promise<{ runId: RunId; epoch: number }[]> {
    const rows = await tx.query<{ run_id: string; epoch: number }>(
      `SELECT version.run_id, version.epoch FROM run_item used JOIN version ON version.run_id = used.run_id
        WHERE used.item_id = $1 ORDER BY version.id`,
      [itemId],
    );
    return rows.map((row) => ({ runId: row.run_id as RunId, epoch: row.epoch }));
  }
}
